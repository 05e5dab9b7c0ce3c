// This is RPyC's basic threaded server: threaded_server [PORT]. threaded_client.py is its client.

#include <cstdlib>
#include <iostream>

#include "absl/time/time.h"
#include "examples/my_service.h"
#include "examples/stop_signal.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const examples::StopSignal stop;
  const int port = argc > 1 ? std::atoi(argv[1]) : 12345;
  const auto host =
      rpyc::Host::Start({.services = {examples::MyService()},
                         .servers = {{.kind = "threaded", .service = "MY", .port = port}}});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
  std::cout << "Server listening on port " << servers.front().snapshot.port << std::endl;
  stop.Wait();
  (*host)->Close(absl::Seconds(10));
}
