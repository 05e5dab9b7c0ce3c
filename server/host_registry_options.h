#ifndef RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_
#define RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "registry/registration.h"

namespace rpyc {

// Describes the discovery registry that a host may run.
struct HostRegistryOptions {
  std::string address = "";  // HOST:PORT, port 0 picks one; an empty host is 127.0.0.1
  // How long the registry keeps a server that does not announce itself again.
  absl::Duration pruning_timeout = kDefaultPruningTimeout;
  bool allow_listing = false;      // answers LIST, RPyC's list_services
  std::string snapshot_file = "";  // keeps registrations across restarts; empty: none
  RegistryLimits limits = {};      // bounds what its peers may cost
  std::string etcd = "";           // HOST:PORT,..., shares registrations there; empty: does not
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_
