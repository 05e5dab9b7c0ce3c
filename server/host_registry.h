#ifndef RPYC_SERVER_HOST_REGISTRY_H_
#define RPYC_SERVER_HOST_REGISTRY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "registry/registry_server.h"
#include "registry/registry_store.h"
#include "server/host_registry_options.h"

namespace rpyc {

// The discovery registry of a host: a store, and a registry server over UDP and TCP.
// Threads: any.
class HostRegistry {
 public:
  // Starts the registry, which listens when this returns.
  // Errors:  those of RegistryServer::Start and OpenStore; kInvalidArgument - not an address.
  static absl::StatusOr<std::unique_ptr<HostRegistry>> Start(const HostRegistryOptions& options);
  ~HostRegistry();

  RegistryStore* store() { return store_.get(); }
  // The address that it listens at: "127.0.0.1:18811".
  const std::string& address() const { return address_; }

 private:
  HostRegistry(std::unique_ptr<RegistryStore> store, std::unique_ptr<RegistryServer> server);

  const std::unique_ptr<RegistryStore> store_;
  const std::unique_ptr<RegistryServer> server_;  // borrows the store, so it is destroyed first
  const std::string address_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_REGISTRY_H_
