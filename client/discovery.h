#ifndef CLIENT_DISCOVERY_H_
#define CLIENT_DISCOVERY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "registry/messages.h"
#include "registry/registrar_options.h"

namespace rpyc {

// The servers of a service that a registry knows; the list is never empty. `host`, if it is given,
// keeps only the servers at one of its addresses.
// Errors:  kNotFound - there is none, RPyC's DiscoveryError; those of Registrar::Discover;
//          kInvalidArgument - no such host.
// Source:  RPyC utils/factory.py, discover, 5.3.1 and 6.0.2, which take no answer for no server.
absl::StatusOr<std::vector<ServerAddress>> Discover(absl::string_view service_name,
                                                    const RegistrarOptions& registrar = {},
                                                    const std::string& host = "");

// The names of the services that a registry knows, or of those at `filter_host`, a numeric address.
// Errors:  kPermissionDenied - it does not allow listing, RPyC's ForbiddenError; those of
//          Registrar::List.
absl::StatusOr<std::vector<std::string>> ListServices(const RegistrarOptions& registrar = {},
                                                      absl::string_view filter_host = "");

// Connects to the first server of a service that accepts.
//
//   absl::StatusOr<rpyc::Client> client = rpyc::ConnectByService("CALCULATOR");
//
// Errors:  those of Discover; that of the last server that was tried, with the texts of all.
absl::StatusOr<Client> ConnectByService(absl::string_view service_name,
                                        const RegistrarOptions& registrar = {},
                                        const ClientOptions& options = {},
                                        const std::string& host = "");

}  // namespace rpyc

#endif  // CLIENT_DISCOVERY_H_
