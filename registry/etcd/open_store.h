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

// Where a registry keeps its state, as flags say it.
struct StoreChoice {
  RegistryLimits limits = {};
  absl::Duration pruning_timeout = absl::Seconds(240);
  std::string snapshot_file = "";  // of a store in memory; empty: none
  std::string etcd = "";           // HOST:PORT,...; empty: in memory
};

// Errors:  those of MemoryStore::Start or EtcdStore::Start; kInvalidArgument - both are given, or
//          etcd's members are no addresses.
absl::StatusOr<std::unique_ptr<RegistryStore>> OpenStore(const StoreChoice& choice,
                                                         const RegistryHooks& hooks);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_OPEN_STORE_H_
