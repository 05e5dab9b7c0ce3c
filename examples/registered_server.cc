// This is RPyC's server with a service registry: registered_server [PORT [REGISTRY_HOST
// [REGISTRY_PORT]]]. Without a host it asks whichever registry of the local network hears a
// broadcast. registered_client.py is its client.

#include <cstdlib>
#include <iostream>

#include "absl/time/time.h"
#include "examples/calculator.h"
#include "examples/stop_signal.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const examples::StopSignal stop;
  rpyc::RegistrarOptions registrar;  // UDPRegistryClient()
  if (argc > 2) registrar.hostname = argv[2];
  if (argc > 3) registrar.port = std::atoi(argv[3]);

  const auto host = rpyc::Host::Start({.services = {examples::Calculator()},
                                       .servers = {{.kind = "threaded",
                                                    .service = "CALCULATOR",
                                                    // Clients come from other machines.
                                                    .hostname = "0.0.0.0",
                                                    .port = argc > 1 ? std::atoi(argv[1]) : 12345,
                                                    .allow_insecure = true,
                                                    .registrar = registrar,
                                                    .auto_register = true}}});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
  std::cout << "Calculator service registered and running on port " << servers.front().snapshot.port
            << std::endl;
  stop.Wait();
  (*host)->Close(absl::Seconds(10));
}
