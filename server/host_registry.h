#ifndef RPYC_SERVER_HOST_REGISTRY_H_
#define RPYC_SERVER_HOST_REGISTRY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "registry/registry_store.h"
#include "server/host_registry_options.h"

namespace rpyc {

// The discovery registry in a host: a store, and the registry server, UDP and TCP, over it.
// Threads: any.
class HostRegistry {
 public:
  // Listens when it returns. Errors:  those of RegistryServer::Start and OpenStore;
  //          kInvalidArgument - the address is none.
  static absl::StatusOr<std::unique_ptr<HostRegistry>> Start(const HostRegistryOptions& options);
  ~HostRegistry();

  RegistryStore* store();
  // As listened at: "127.0.0.1:18811".
  const std::string& address() const;

 private:
  struct State;
  explicit HostRegistry(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_REGISTRY_H_
