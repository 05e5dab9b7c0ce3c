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

// Keeps the registrations of a registry, in this process or shared with other registries. Reads go
// to the table and never wait; the table shows a change before the change's `done` is called.
// Threads: every method from any thread; none waits. `done` is called once, under no lock, during
//          the call or later on a thread of the store, which it must not block. Destroying the
//          store calls the outstanding ones with kCancelled.
class RegistryStore {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  // Says how far the table can be trusted.
  struct State {
    bool stale = false;  // other registries may have made changes that the table does not show
    absl::Time as_of = absl::InfiniteFuture();  // if stale: when it was last up to date
    // If stale: why. Otherwise: why the store refuses changes now; OK if it does not.
    absl::Status error;
  };

  virtual ~RegistryStore() = default;

  // Adds registrations, or renews them.
  // Errors:  those of RegistrationTable::Check; kUnavailable - the store cannot keep it now; the
  //          caller may try again.
  virtual void Register(RegisterRequest request, Done done) = 0;
  // Removes what `source` announced for `port`, under all names. It is no error if there is
  // nothing.
  // Errors:  kUnavailable.
  virtual void Unregister(absl::string_view source, int port, Done done) = 0;
  // Removes one registration, whatever its source.
  // Errors:  kNotFound; kUnavailable.
  virtual void Delete(const RegistrationKey& key, Done done) = 0;

  virtual State state() const = 0;
  // How long a registration lasts that has no ttl of its own.
  virtual absl::Duration pruning_timeout() const = 0;

  RegistrationTable& table() const { return *table_; }

 protected:
  explicit RegistryStore(std::shared_ptr<RegistrationTable> table) : table_(std::move(table)) {}

 private:
  const std::shared_ptr<RegistrationTable> table_;  // shared with the store's threads
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_STORE_H_
