#ifndef RPYC_REGISTRY_REGISTRY_STORE_H_
#define RPYC_REGISTRY_REGISTRY_STORE_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/registration.h"
#include "registry/registration_table.h"

namespace rpyc {

// Where a registry keeps what it is told: in this process, or with others. Reads are the table's
// and never wait; changes show there before `done` hears of them.
// Threads: every method from any thread; none waits. `done` is called once, under no lock: in the
// call, or later by a thread of the store, which it must not hold up. Destroying the store calls
// what has not been called, with kCancelled.
class RegistryStore {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  // How far the table can be believed.
  struct State {
    bool stale = false;                         // others may have changed what it does not show
    absl::Time as_of = absl::InfiniteFuture();  // of stale: when it was last not
    // Why the table is stale; or, where it is not, why a change to it cannot be kept now.
    absl::Status error;
  };

  virtual ~RegistryStore() = default;

  // Adds registrations, or renews them.
  // Errors:  as RegistrationTable::Check; kUnavailable - it cannot be kept now, try again.
  virtual void Register(RegisterRequest request, Done done) = 0;
  // Removes what `source` announced for `port`, under all names; nothing is no error.
  // Errors:  kUnavailable.
  virtual void Unregister(absl::string_view source, int port, Done done) = 0;
  // Removes one, whoever announced it. Errors:  kNotFound; kUnavailable.
  virtual void Delete(const RegistrationKey& key, Done done) = 0;

  virtual State state() const = 0;
  // How long a registration without a ttl of its own lasts.
  virtual absl::Duration pruning_timeout() const = 0;

  RegistrationTable& table() const { return *table_; }

 protected:
  explicit RegistryStore(std::shared_ptr<RegistrationTable> table) : table_(std::move(table)) {}

 private:
  const std::shared_ptr<RegistrationTable> table_;  // shared with the store's threads
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_STORE_H_
