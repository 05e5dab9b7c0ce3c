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

// What makes a registration the one it is: a server under one of its names.
struct RegistrationKey {
  std::string service_name;  // upper-case
  std::string host;          // numeric, or as an operator wrote it
  int port = 0;
  friend auto operator<=>(const RegistrationKey&, const RegistrationKey&) = default;
};

// A server that announced itself under one name.
struct Registration {
  RegistrationKey key = {};
  // Who may take it back: the address that the request came from, which is `host` for all that
  // servers announce. Hosts behind one NAT have one address, and are one source.
  std::string source = "";
  absl::Time register_time = {};  // when it came
  absl::Time refresh_time = {};   // when it was last announced; what clients get is sorted by it
  absl::Time expire_time = {};    // when it is pruned, unless it is announced again
};

// A server announces itself, or an operator a server.
struct RegisterRequest {
  std::vector<std::string> names = {};  // upper-case
  std::string host = "";
  int port = 0;
  std::string source = "";
  absl::Duration ttl = absl::ZeroDuration();  // zero: the registry's pruning timeout
  bool only_if_absent = false;                // it is an error if one of them is there
};

// What has become of a registration.
struct RegistrationChange {
  enum class Cause {
    kRegistered,    // it is new
    kRefreshed,     // it was announced again
    kUnregistered,  // its server took it back
    kPruned,        // nobody announced it any more
    kDeleted,       // an operator took it away
  };
  int64_t revision = 0;
  Cause cause = Cause::kRegistered;
  Registration registration = {};  // as it is now, or was last

  bool removed() const { return cause != Cause::kRegistered && cause != Cause::kRefreshed; }
};

// What a registry may cost. Whoever reaches it can fill it up to these bounds and no further.
struct RegistryLimits {
  size_t max_registrations = 20'000;            // in all
  size_t max_registrations_per_source = 1'000;  // of one address
  size_t max_names_per_request = 64;
  size_t max_name_bytes = 128;
  size_t max_tcp_peers = 512;                     // then the one that has said nothing longest goes
  absl::Duration tcp_timeout = absl::Seconds(5);  // from connecting to the end of the request
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRATION_H_
