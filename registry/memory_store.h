#ifndef RPYC_REGISTRY_MEMORY_STORE_H_
#define RPYC_REGISTRY_MEMORY_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/registry_hooks.h"
#include "registry/registry_store.h"

namespace rpyc {

struct MemoryStoreOptions {
  RegistryLimits limits = {};
  absl::Duration pruning_timeout = kDefaultPruningTimeout;
  std::string snapshot_file = "";  // empty: a restart forgets every registration
};

// The registrations of one process. With a snapshot file, a change that adds or removes a
// registration is acknowledged only when the file holds it, safe from a loss of power; changes that
// arrive during a write share the next one. While the file cannot be written, such changes are
// refused and not made, state() says why, and the log does too once a minute. Renewals of what the
// file holds go on, since a restart gives each registration its whole time again.
// Owns:    one thread, which prunes and writes.
class MemoryStore : public RegistryStore {
 public:
  class Committer;  // private; makes the changes

  // Errors:  those of SnapshotFile::Open and Read; kUnavailable - the file cannot be written;
  //          kResourceExhausted - no thread.
  static absl::StatusOr<std::unique_ptr<MemoryStore>> Start(const MemoryStoreOptions& options,
                                                            const RegistryHooks& hooks);
  ~MemoryStore() override;

  void Register(RegisterRequest request, Done done) override;
  void Unregister(absl::string_view source, int port, Done done) override;
  void Delete(const RegistrationKey& key, Done done) override;
  State state() const override;
  absl::Duration pruning_timeout() const override;

 private:
  explicit MemoryStore(std::shared_ptr<Committer> committer);
  template <typename Change>
  void Submit(std::unique_ptr<Change> change, Done done);

  const std::shared_ptr<Committer> committer_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_MEMORY_STORE_H_
