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

// All registrations that are known, the latest changes to them, and who waits for more: what every
// store answers reads from. Each change has a revision, one more than the last. Revisions begin at
// the time of the start in microseconds: no later process gives one of them out again.
// Threads: every method from any thread; none waits but AwaitChange.
class RegistrationTable {
 public:
  explicit RegistrationTable(const RegistryLimits& limits);

  // --- reading ---
  // Of one name, the one that was announced longest ago first, as RPyC's QUERY answers them.
  std::vector<Registration> Find(absl::string_view service_name) const;
  std::optional<Registration> Get(const RegistrationKey& key) const;
  // The names that there are, of servers at `host` unless it is empty; stops after `max_bytes`.
  std::vector<std::string> Names(absl::string_view host, size_t max_bytes) const;
  // All, by key; and the revision that they are of.
  std::vector<Registration> All(int64_t* revision = nullptr) const;
  // Those that `source` announced for `port`.
  std::vector<RegistrationKey> OwnedBy(absl::string_view source, int port) const;
  size_t size() const;

  // --- changes ---
  int64_t revision() const;
  // The changes from `revision` on, at most `most`.
  // Errors:  kOutOfRange - changes so old are not kept; kInvalidArgument - no such revision yet.
  absl::StatusOr<std::vector<RegistrationChange>> ChangesFrom(int64_t revision, size_t max_changes) const;
  // Waits until there is a change after `revision`, WakeWaiters was called, or `deadline` has
  // passed.
  void AwaitChange(int64_t revision, absl::Time deadline) const;
  void WakeWaiters();

  // --- writing: the stores' business ---
  // Whether there is room for `request`, and none of it there if that is asked for.
  // Errors:  kResourceExhausted - over a limit; kAlreadyExists; kInvalidArgument - names that no
  //          service has.
  absl::Status Check(const RegisterRequest& request) const;
  // Checks, and puts all of it, at once. `ttl` is for requests without one.
  absl::Status Register(const RegisterRequest& request, absl::Duration ttl, absl::Time now);
  // Puts one as it is, whatever the limits say: it comes from where they were kept. No change if
  // it is there already, just so.
  void Put(const Registration& registration);
  // False if it is not there.
  bool Remove(const RegistrationKey& key, RegistrationChange::Cause cause);
  // Removes what has expired. Answers when the next one will.
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
  void AddChangeLocked(RegistrationChange::Cause cause, const Registration& registration)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RegistryLimits limits_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  int64_t wakes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t revision_ ABSL_GUARDED_BY(mutex_);  // of the latest change
  // The registrations; the other two point to them.
  std::map<std::string, Servers, std::less<>> services_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, const Registration*>> by_expiry_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::set<const Registration*>, std::less<>> by_source_
      ABSL_GUARDED_BY(mutex_);
  std::deque<RegistrationChange> changes_ ABSL_GUARDED_BY(mutex_);  // the latest, in order
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_TABLE_H_
