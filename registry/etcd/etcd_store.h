#ifndef RPYC_REGISTRY_ETCD_ETCD_STORE_H_
#define RPYC_REGISTRY_ETCD_ETCD_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/registry_hooks.h"
#include "registry/registry_store.h"

namespace rpyc {

struct EtcdStoreOptions {
  std::vector<std::string> members = {};  // HOST:PORT; plaintext
  RegistryLimits limits = {};
  absl::Duration pruning_timeout = kDefaultPruningTimeout;
  // The prefix of its keys. Registries with the same prefix share their registrations.
  std::string prefix = "/rpyc/registry/";
};

// Registrations that any number of registries share through etcd. The table follows a watch. A
// change is acknowledged when etcd holds it and the table shows it. While etcd cannot be reached,
// the table stays as it was, marked stale, and nothing is pruned; changes fail within two seconds,
// and those beyond kMaxQueued at once. When etcd is back, the table catches up. A store knows the
// cause of a removal only if it made it. A registration that another registry deleted shows as
// unregistered.
// Wire:    one key for each registration, PREFIX and its RegistrationId; the value is the source
//          and the times of registration, refresh and expiry, separated by tabs. Each
//          announcement has a lease, which prunes it.
// Units:   milliseconds since 1970.
// Owns:    two threads.
class EtcdStore : public RegistryStore {
 public:
  static constexpr size_t kMaxQueued = 1000;  // the most changes that wait for etcd

  // Waits a moment for etcd. If it cannot be reached, the store starts stale and empty.
  // Errors:  kInvalidArgument - no members; kResourceExhausted - no threads.
  static absl::StatusOr<std::unique_ptr<EtcdStore>> Start(const EtcdStoreOptions& options,
                                                          const RegistryHooks& hooks);
  ~EtcdStore() override;

  void Register(RegisterRequest request, Done done) override;
  void Unregister(absl::string_view source, int port, Done done) override;
  void Delete(const RegistrationKey& key, Done done) override;
  State state() const override;
  absl::Duration pruning_timeout() const override;

 private:
  class Replica;  // keeps the table as etcd is, and makes changes
  explicit EtcdStore(std::shared_ptr<Replica> replica);
  const std::shared_ptr<Replica> replica_;
};

// Reads "HOST:PORT,HOST:PORT".
// Errors:  kInvalidArgument.
absl::StatusOr<std::vector<std::string>> ParseEtcdMembers(absl::string_view text);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_STORE_H_
