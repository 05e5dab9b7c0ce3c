// This is RPyC's server as a context manager: scoped_server [PORT]. C++ has a scope where Python
// has `with`. scoped_client.py is its client.

#include <cstdlib>
#include <iostream>

#include "examples/my_service.h"
#include "server/host.h"

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 12345;
  {
    const auto host =
        rpyc::Host::Start({.services = {examples::MyService()},
                           .servers = {{.kind = "threaded", .service = "MY", .port = port}}});
    if (!host.ok()) {
      std::cerr << host.status() << "\n";
      return 1;
    }
    const auto servers = (*host)->servers().ListServers(/*show_closed=*/false);
    std::cout << "Server running on port " << servers.front().snapshot.port << std::endl;
    std::cin.get();  // for a specific time, or until a condition: here, until Enter
  }
  std::cout << "Server closed" << std::endl;
  std::cin.get();
}
