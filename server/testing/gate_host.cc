// A host for host_main_test: a call says "entered" on stdout, then waits until a SIGUSR1 lets it
// go.

#include <semaphore.h>
#include <signal.h>

#include <cstdio>

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
  ::signal(SIGUSR1, [](int) { ::sem_post(&gate); });
  return rpyc::HostMain(argc, argv, {Gate()});
}
