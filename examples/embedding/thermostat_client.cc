// Does what thermostat_client.py does, in C++.
//
// g++ -std=c++20 thermostat_client.cc $(pkg-config --cflags --libs rpychost-client) -o client
// Run: ./client [PORT]

#include <cstdio>
#include <cstdlib>

#include "client/client.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"

int main(int argc, char** argv) {
  absl::StatusOr<rpyc::Client> client =
      rpyc::Connect("127.0.0.1", argc > 1 ? std::atoi(argv[1]) : 18861);
  if (!client.ok()) {
    std::fprintf(stderr, "thermostat_client: %s\n", client.status().ToString().c_str());
    return 1;
  }
  const rpyc::Netref thermostat = client->root();
  try {
    std::printf("it heats to %g degrees\n", thermostat["target"].as<double>());
    thermostat["set_target"](22).as<void>();
    std::printf("now to %g\n", thermostat["target"].as<double>());

    const absl::Status refused = thermostat["set_target"](rpyc::Arg("celsius") = 300).status();
    std::printf("not to 300: %s\n", rpyc::ToException(refused).Summary().c_str());

    const double before = thermostat["temperature"].as<double>();
    while (thermostat["temperature"].as<double>() <= before) {
    }
    std::printf("it is getting warmer\n");
  } catch (const rpyc::PyError& e) {  // the thermostat raised this, or it has gone
    std::fprintf(stderr, "thermostat_client: %s\n", e.what());
    return 1;
  }
}
