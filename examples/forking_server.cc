// This is RPyC's forking server with authentication: forking_server [PORT [KEYFILE CERTFILE]].
// forking_client.py is its client.

#include <cstdlib>
#include <iostream>
#include <vector>

#include "absl/time/time.h"
#include "examples/secure.h"
#include "examples/stop_signal.h"
#include "server/host.h"
#include "server/start_zygote.h"

int main(int argc, char** argv) {
  const std::vector<rpyc::Service> services = {examples::Secure()};
  // This must precede anything that may have threads: the processes of clients are made from the
  // zygote.
  const auto zygote = rpyc::StartZygote(services);
  if (!zygote.ok()) {
    std::cerr << zygote.status() << "\n";
    return 1;
  }
  const examples::StopSignal stop;
  const rpyc::ServerOptions server = {
      .kind = "forking",
      .service = "SECURE",
      .port = argc > 1 ? std::atoi(argv[1]) : 12345,
      .tls = rpyc::TlsOptions{.keyfile = argc > 2 ? argv[2] : "server.key",
                              .certfile = argc > 3 ? argv[3] : "server.crt"},
  };
  const auto host =
      rpyc::Host::Start({.services = services, .servers = {server}, .zygote = *zygote});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
  std::cout << "Secure forking server started on port " << servers.front().snapshot.port
            << std::endl;
  stop.Wait();
  (*host)->Close(absl::Seconds(10));
}
