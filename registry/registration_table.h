#ifndef RPYC_REGISTRY_REGISTRATION_TABLE_H_
#define RPYC_REGISTRY_REGISTRATION_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/registration.h"
#include "rpyc/mutex.h"

namespace rpyc {

// Holds all known registrations and the latest changes to them. Every store answers reads from one.
// Each change has a revision, one more than the change before. Revisions begin at the time of the
// start in microseconds, so that a later process does not use one of them again.
// Threads: every method from any thread; only AwaitChange waits.
class RegistrationTable {
 public:
  explicit RegistrationTable(const RegistryLimits& limits);

  // --- reading ---
  // The registrations of one name, the least recently announced first, as RPyC's QUERY answers.
  std::vector<Registration> Find(absl::string_view service_name) const;
  std::optional<Registration> Get(const RegistrationKey& key) const;
  // The names that servers at `host` have, or all names if it is empty; stops after `max_bytes`.
  std::vector<std::string> Names(absl::string_view host, size_t max_bytes) const;
  // All registrations, sorted by key, and the revision at that moment.
  std::vector<Registration> All(int64_t* revision = nullptr) const;
  // The registrations that `source` announced for `port`.
  std::vector<RegistrationKey> OwnedBy(absl::string_view source, int port) const;
  size_t size() const;

  // --- changes ---
  int64_t revision() const;
  // The changes from `revision` on, at most `max_changes` of them.
  // Errors:  kOutOfRange - changes so old are not kept; kInvalidArgument - there is no such
  //          revision yet.
  absl::StatusOr<std::vector<RegistrationChange>> ChangesFrom(int64_t revision,
                                                              size_t max_changes) const;
  // Waits until there is a change after `revision`, WakeWaiters is called, or `deadline` passes.
  void AwaitChange(int64_t revision, absl::Time deadline) const;
  void WakeWaiters();

  // --- writing: only for stores ---
  // Checks that `request` is within the limits and, with only_if_absent, that none of its
  // registrations exists.
  // Errors:  kResourceExhausted - over a limit; kAlreadyExists; kInvalidArgument - a name that no
  //          service can have.
  absl::Status Check(const RegisterRequest& request) const;
  // Checks `request` and adds or renews all of its registrations in one step. `ttl` is for requests
  // that have none.
  // Errors:  those of Check.
  absl::Status Register(const RegisterRequest& request, absl::Duration ttl, absl::Time now);
  // Adds or replaces one registration that a store has kept, whatever the limits say. It is not a
  // change if the table holds the same already.
  void Put(const Registration& registration);
  // Removes one. Returns false if the table does not hold it.
  bool Remove(const RegistrationKey& key, RegistrationChange::Cause cause);
  // Removes the registrations that have expired. Returns when the next one will expire.
  absl::Time Prune(absl::Time now);

 private:
  using Address = std::pair<std::string, int>;
  using Servers = std::map<Address, Registration>;

  absl::Status CheckLocked(const RegisterRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Registration* FindLocked(const RegistrationKey& key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutLocked(const Registration& registration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveLocked(const Registration* registration, RegistrationChange::Cause cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the change the next revision, keeps it, and wakes waiters.
  void AddChangeLocked(RegistrationChange::Cause cause, const Registration& registration)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RegistryLimits limits_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  int64_t wakes_ ABSL_GUARDED_BY(mutex_) = 0;  // calls of WakeWaiters
  int64_t revision_ ABSL_GUARDED_BY(mutex_);   // of the latest change
  // Owns the registrations; the two indexes below point to them.
  std::map<std::string, Servers, std::less<>> services_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, const Registration*>> by_expiry_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::set<const Registration*>, std::less<>> by_source_
      ABSL_GUARDED_BY(mutex_);
  std::deque<RegistrationChange> changes_ ABSL_GUARDED_BY(mutex_);  // the latest, oldest first
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_TABLE_H_
