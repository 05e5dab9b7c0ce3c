// A host for host_main_test. A call prints "entered" on stdout and then waits for a SIGUSR1. With
// GATE_HOST_THREAD in the environment the program has a thread before HostMain, as if one of its
// libraries had started one.

#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "rpyc/service.h"
#include "server/host_main.h"

namespace {

sem_t gate;

rpyc::Service Gate() {
  return rpyc::Service("GATE").Expose("wait", [] {
    std::puts("entered");
    std::fflush(stdout);
    while (::sem_wait(&gate) != 0) {
    }
    return "waited";
  });
}

}  // namespace

int main(int argc, char** argv) {
  ::sem_init(&gate, /*pshared=*/0, /*value=*/0);
  if (std::getenv("GATE_HOST_THREAD") != nullptr) {
    // The thread blocks every signal, so that the host gets its own.
    sigset_t all;
    sigset_t former;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &former);
    std::thread([] { ::pause(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  }
  ::signal(SIGUSR1, [](int) { ::sem_post(&gate); });
  return rpyc::HostMain(argc, argv, {Gate()});
}
