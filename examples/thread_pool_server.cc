// This is RPyC's thread pool server with configuration: thread_pool_server [PORT].
// thread_pool_client.py is its client.

#include <cstdlib>
#include <iostream>

#include "absl/time/time.h"
#include "examples/compute.h"
#include "examples/stop_signal.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const examples::StopSignal stop;
  const rpyc::ServerOptions server = {
      .kind = "thread_pool",
      .service = "COMPUTE",
      // RPyC's example listens on 0.0.0.0; here that takes TLS or allow_insecure.
      .hostname = "127.0.0.1",
      .port = argc > 1 ? std::atoi(argv[1]) : 12345,
      .nbthreads = 20,
  };
  const auto host = rpyc::Host::Start({.services = {examples::Compute()}, .servers = {server}});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
  std::cout << "Compute server with " << servers.front().options.nbthreads << " threads on port "
            << servers.front().snapshot.port << std::endl;
  stop.Wait();
  (*host)->Close(absl::Seconds(10));
}
