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
  absl::Duration pruning_timeout = absl::Seconds(240);
  // What its keys begin with. Registries with the same share their registrations.
  std::string prefix = "/rpyc/registry/";
};

// Registrations that any number of registries share through etcd.
// Wire:    a key for each, PREFIX and its RegistrationId; the value is source, times of
//          registration, refresh and expiry in milliseconds since 1970, with tabs between. Each
//          announcement has a lease, which is what prunes it.
// The table follows a watch. A change is acknowledged when etcd has it and the table shows it.
// Without etcd the table stays as it was, marked stale, and nothing is pruned; changes fail within
// two seconds, and those beyond kMaxQueued at once. When it is back, the table catches up.
// Why a registration went is known here if it went here; of another registry's, a DELETED shows as
// unregistered.
// Owns two threads.
class EtcdStore : public RegistryStore {
 public:
  static constexpr size_t kMaxQueued = 1000;  // changes that wait for etcd

  // Waits a moment for etcd; if that is not there, starts without, stale and empty.
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
  class Replica;
  explicit EtcdStore(std::shared_ptr<Replica> replica);
  const std::shared_ptr<Replica> replica_;
};

// Reads "HOST:PORT,HOST:PORT". Errors:  kInvalidArgument.
absl::StatusOr<std::vector<std::string>> ParseEtcdMembers(absl::string_view text);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_STORE_H_
