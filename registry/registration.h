#ifndef RPYC_REGISTRY_REGISTRATION_H_
#define RPYC_REGISTRY_REGISTRATION_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Identifies a registration: a server under one of its names.
struct RegistrationKey {
  std::string service_name;  // upper-case
  std::string host;          // numeric, unless an operator wrote a name
  int port = 0;
  // clang-tidy 14 takes a comparison with 0 for one with a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const RegistrationKey&, const RegistrationKey&) = default;
};

// A server that has announced itself under one name.
struct Registration {
  RegistrationKey key = {};
  // The address that the request came from, which alone may take the registration back. It equals
  // `host` for what servers announce. Hosts behind one NAT share an address and so are one source.
  std::string source = "";
  absl::Time register_time = {};  // when it was announced first
  absl::Time refresh_time = {};   // when it was announced last; clients get the list in this order
  absl::Time expire_time = {};    // when it is pruned, unless it is announced again
};

// Announces a server; it comes from the server itself or from an operator.
struct RegisterRequest {
  std::vector<std::string> names = {};  // upper-case
  std::string host = "";
  int port = 0;
  std::string source = "";
  absl::Duration ttl = absl::ZeroDuration();  // zero: the registry's pruning timeout
  bool only_if_absent = false;                // fails if one of the registrations exists
};

// A change of one registration.
struct RegistrationChange {
  enum class Cause {
    kRegistered,    // it is new
    kRefreshed,     // it was announced again
    kUnregistered,  // its server took it back
    kPruned,        // it was not announced again in time
    kDeleted,       // an operator removed it
  };
  int64_t revision = 0;
  Cause cause = Cause::kRegistered;
  Registration registration = {};  // after the change; of a removed one, before it

  bool removed() const { return cause != Cause::kRegistered && cause != Cause::kRefreshed; }
};

// How long a registration lasts that is not announced again.
// Source:  RPyC utils/registry.py, DEFAULT_PRUNING_TIMEOUT, 5.3.1 and 6.0.2.
inline constexpr absl::Duration kDefaultPruningTimeout = absl::Seconds(240);

// The highest limit of registrations that flags accept. Above it, making a list of all of them
// takes too long.
inline constexpr int kMaxRegistrations = 1'000'000;

// Bounds what a registry may cost. A peer can fill it up to these bounds and no further.
struct RegistryLimits {
  size_t max_registrations = 20'000;            // in total
  size_t max_registrations_per_source = 1'000;  // that one address has announced
  size_t max_names_per_request = 64;
  size_t max_name_bytes = 128;
  size_t max_tcp_peers = 512;                     // one more closes the oldest connection
  absl::Duration tcp_timeout = absl::Seconds(5);  // from connecting to the end of the request
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_H_
