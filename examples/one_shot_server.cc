// This is RPyC's one-shot server for testing: one_shot_server [PORT]; without a PORT it picks one.
// It ends when its one connection has ended. one_shot_client.py is its client.

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "absl/time/time.h"
#include "examples/test_service.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  const auto host =
      rpyc::Host::Start({.services = {examples::TestService()},
                         .servers = {{.kind = "one_shot", .service = "TEST", .port = port}}});
  if (!host.ok()) {
    std::cerr << host.status() << "\n";
    return 1;
  }
  rpyc::ServerDirectory& servers = (*host)->servers();
  std::cout << "Test server on port "
            << servers.ListServers(/*show_closed=*/false).front().snapshot.port << std::endl;
  int64_t revision = 0;
  while (!servers.ListServers(/*show_closed=*/false).empty()) {
    revision = servers.AwaitChange(revision, absl::InfiniteFuture());
  }
  std::cout << "Test server closed" << std::endl;
}
