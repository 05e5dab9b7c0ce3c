#include "client/discovery.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "registry/registrar.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

absl::StatusOr<std::vector<ServerAddress>> Discover(absl::string_view service_name,
                                                    const RegistrarOptions& registrar,
                                                    const std::string& host) {
  const Registrar client(registrar);
  absl::StatusOr<std::vector<ServerAddress>> servers = client.Discover(service_name);
  if (!servers.ok()) return servers.status();
  if (!host.empty()) {
    const absl::StatusOr<std::vector<SocketAddress>> addresses =
        SocketAddress::ResolveAll(host, 0, /*prefer_ipv6=*/false);
    if (!addresses.ok()) return addresses.status();
    const auto elsewhere = [&addresses](const ServerAddress& server) {
      return std::none_of(addresses->begin(), addresses->end(), [&server](const auto& address) {
        return address.ToEndpoint().host == server.host;
      });
    };
    servers->erase(std::remove_if(servers->begin(), servers->end(), elsewhere), servers->end());
  }
  if (!servers->empty()) return servers;
  return absl::NotFoundError(absl::StrCat(client.label(), ": no servers exposing \"", service_name,
                                          "\" were found", host.empty() ? "" : " on ", host));
}

absl::StatusOr<std::vector<std::string>> ListServices(const RegistrarOptions& registrar,
                                                      absl::string_view filter_host) {
  return Registrar(registrar).List(filter_host);
}

absl::StatusOr<Client> ConnectByService(absl::string_view service_name,
                                        const RegistrarOptions& registrar,
                                        const ClientOptions& options, const std::string& host) {
  const absl::StatusOr<std::vector<ServerAddress>> servers =
      Discover(service_name, registrar, host);
  if (!servers.ok()) return servers.status();
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  std::string failures;
  for (const ServerAddress& server : *servers) {
    absl::StatusOr<Client> client = Connect(server.host, server.port, options);
    if (client.ok()) return client;
    code = client.status().code();
    absl::StrAppend(&failures, failures.empty() ? "" : "; ", client.status().message());
  }
  return absl::Status(code, absl::StrCat("\"", service_name, "\": ", failures));
}

}  // namespace rpyc
