#ifndef RPYC_REGISTRY_ETCD_OPEN_STORE_H_
#define RPYC_REGISTRY_ETCD_OPEN_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/registration.h"
#include "registry/registry_hooks.h"
#include "registry/registry_store.h"

namespace rpyc {

// What a program's flags say about where a registry keeps its state.
struct StoreChoice {
  RegistryLimits limits = {};
  absl::Duration pruning_timeout = kDefaultPruningTimeout;
  std::string snapshot_file = "";  // for a store in memory; empty: none
  std::string etcd = "";           // HOST:PORT,...; empty: a store in memory
};

// Starts the store that `choice` describes.
// Errors:  those of MemoryStore::Start or EtcdStore::Start; kInvalidArgument - a file and etcd are
//          both given, or a member of etcd is not an address.
absl::StatusOr<std::unique_ptr<RegistryStore>> OpenStore(const StoreChoice& choice,
                                                         const RegistryHooks& hooks);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_OPEN_STORE_H_
