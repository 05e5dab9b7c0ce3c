#ifndef RPYC_EXAMPLES_STOP_SIGNAL_H_
#define RPYC_EXAMPLES_STOP_SIGNAL_H_

#include <signal.h>

namespace examples {

// Waits for SIGINT or SIGTERM in a program that goes on until one of them comes. From its
// construction on, the signals wait until it takes them, so construct it before the program has
// threads.
class StopSignal {
 public:
  StopSignal() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  void Wait() const {
    int signal = 0;
    ::sigwait(&signals_, &signal);
  }

 private:
  sigset_t signals_;
};

}  // namespace examples

#endif  // RPYC_EXAMPLES_STOP_SIGNAL_H_
