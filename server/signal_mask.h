#ifndef RPYC_SERVER_SIGNAL_MASK_H_
#define RPYC_SERVER_SIGNAL_MASK_H_

#include <signal.h>

namespace rpyc {

// Blocks signals in the calling thread while it exists, and for ever in the threads that are
// started meanwhile, so that the program's own threads get the program's signals. It does not block
// the signals that report a fault of the thread itself, for crash handlers, and SIGPROF, for
// profilers.
class SignalMask {
 public:
  SignalMask() {
    sigset_t signals;
    ::sigfillset(&signals);
    for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      ::sigdelset(&signals, own);
    }
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalMask() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;

 private:
  sigset_t before_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SIGNAL_MASK_H_
