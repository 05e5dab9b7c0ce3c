// A C++ client of registries, for the tests: discovery_client COMMAND udp|tcp HOST PORT [...].
//
//   `discover ... NAME [HOST]`   prints HOST:PORT of each server
//   `list ... [HOST]`            prints the names
//   `who ... NAME`               connects by name, and prints what the method `who` answers
//
// An error is printed as CODE: MESSAGE, and the exit status is 1.

#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "client/client.h"
#include "client/discovery.h"
#include "rpyc/cast/string.h"

namespace {

int Fail(const absl::Status& status) {
  std::cout << absl::StatusCodeToString(status.code()) << ": " << status.message() << std::endl;
  return 1;
}

int Discover(const rpyc::RegistrarOptions& registrar, const std::string& name,
             const std::string& host) {
  const auto servers = rpyc::Discover(name, registrar, host);
  if (!servers.ok()) return Fail(servers.status());
  for (const rpyc::ServerAddress& server : *servers) {
    std::cout << server.host << ":" << server.port << std::endl;
  }
  return 0;
}

int List(const rpyc::RegistrarOptions& registrar, const std::string& host) {
  const auto names = rpyc::ListServices(registrar, host);
  if (!names.ok()) return Fail(names.status());
  for (const std::string& name : *names) std::cout << name << std::endl;
  return 0;
}

int Who(const rpyc::RegistrarOptions& registrar, const std::string& name) {
  absl::StatusOr<rpyc::Client> client = rpyc::ConnectByService(name, registrar);
  if (!client.ok()) return Fail(client.status());
  const absl::StatusOr<std::string> who = client->root()["who"]().get<std::string>();
  if (!who.ok()) return Fail(who.status());
  std::cout << *who << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i) { return std::string(i < argc ? argv[i] : ""); };
  const rpyc::RegistrarOptions registrar = {
      .hostname = argument(3),
      .port = std::atoi(argument(4).c_str()),
      .protocol = argument(2) == "tcp" ? rpyc::RegistrarOptions::Protocol::kTcp
                                       : rpyc::RegistrarOptions::Protocol::kUdp};
  if (argument(1) == "discover") return Discover(registrar, argument(5), argument(6));
  if (argument(1) == "list") return List(registrar, argument(5));
  if (argument(1) == "who") return Who(registrar, argument(5));
  return 2;
}
