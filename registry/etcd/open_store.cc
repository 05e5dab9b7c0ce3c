#include "registry/etcd/open_store.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "registry/etcd/etcd_store.h"
#include "registry/memory_store.h"

namespace rpyc {

absl::StatusOr<std::unique_ptr<RegistryStore>> OpenStore(const StoreChoice& choice,
                                                         const RegistryHooks& hooks) {
  if (choice.etcd.empty()) {
    return MemoryStore::Start({.limits = choice.limits,
                               .pruning_timeout = choice.pruning_timeout,
                               .snapshot_file = choice.snapshot_file},
                              hooks);
  }
  if (!choice.snapshot_file.empty()) {
    return absl::InvalidArgumentError("a registry's state is in etcd or in a file, not in both");
  }
  absl::StatusOr<std::vector<std::string>> members = ParseEtcdMembers(choice.etcd);
  if (!members.ok()) return members.status();
  return EtcdStore::Start({.members = *std::move(members),
                           .limits = choice.limits,
                           .pruning_timeout = choice.pruning_timeout},
                          hooks);
}

}  // namespace rpyc
