#ifndef RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_
#define RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "registry/registration.h"

namespace rpyc {

// The discovery registry that a host may run.
struct HostRegistryOptions {
  std::string address = "";  // HOST:PORT, port 0 picks one; an empty host is 127.0.0.1
  // How long a server is known that does not announce itself again.
  absl::Duration pruning_timeout = absl::Seconds(240);
  bool allow_listing = false;      // answers LIST, RPyC's list_services
  std::string snapshot_file = "";  // kept there too, so that a restart forgets nothing; empty: not
  RegistryLimits limits = {};      // what its peers may cost
  std::string etcd = "";           // kept in etcd, HOST:PORT,..., with other registries; empty: not
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_REGISTRY_OPTIONS_H_
