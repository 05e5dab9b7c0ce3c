// A host for host_main_test: a call says "entered" on stdout, then waits until a SIGUSR1 lets it
// go. With GATE_HOST_THREAD in the environment it has a thread before HostMain, as a program with a
// library that starts one.

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
    // With no signal, so that the host's are the host's.
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
