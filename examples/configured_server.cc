// This is RPyC's server with configuration options: configured_server [PORT]. configured_client.py
// is its client.

#include <cstdlib>
#include <iostream>

#include "absl/time/time.h"
#include "examples/configured.h"
#include "examples/stop_signal.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const examples::StopSignal stop;
  rpyc::ServerOptions server = {
      .kind = "threaded",
      .service = "CONFIGURED",
      .hostname = "127.0.0.1",                        // this machine only
      .port = argc > 1 ? std::atoi(argv[1]) : 12345,  // this port, not one that is picked
      .backlog = 50,                                  // connections that may wait
      .reuse_addr = true,                             // at once after an earlier server
  };
  // These have the names of RPyC's protocol_config. There is no allow_pickle: nothing here
  // unpickles.
  server.protocol_config.sync_request_timeout = absl::Seconds(60);
  server.protocol_config.allow_all_attrs = false;

  const auto host = rpyc::Host::Start({.services = {examples::Configured()}, .servers = {server}});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
  std::cout << "Configured server on " << servers.front().snapshot.address() << std::endl;
  stop.Wait();
  (*host)->Close(absl::Seconds(10));
}
