#ifndef RPYC_AUTHENTICATOR_H_
#define RPYC_AUTHENTICATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/value.h"

namespace rpyc {

// What is known of a peer before it has said anything. Every field has an initializer, so that
// {.peer = "..."} is one without a warning.
struct PeerInfo {
  // The process at the other end of a unix socket, as the kernel knows it.
  struct UnixCredentials {
    int64_t pid;
    int64_t uid;
    int64_t gid;
  };
  std::string local = "";  // our address, for people: "127.0.0.1:18861"
  std::string peer = "";   // the peer's: "127.0.0.1:53422"
  std::optional<UnixCredentials> unix_credentials = std::nullopt;
  Value certificate = {};  // as ssl.getpeercert() shows it; None without TLS, or if there is none
};

// One peer that is being authenticated. It makes no system calls and does not wait: the driver
// (rpyc/authentication_driver.h) does, so that it is the same on a thread and on a fiber.
// Threads: one at a time.
class Authentication {
 public:
  struct Step {
    bool done = false;       // the peer is accepted, and RPyC begins
    size_t used = 0;         // of `received`; the rest comes again, in front of what follows
    Value credentials = {};  // if done: what methods find as CallContext::credentials()
  };

  virtual ~Authentication() = default;

  // Called first with nothing, then each time more has come, and as long as it uses some and more
  // is there. `received` begins with the peer's first byte that is not used yet; what is left of it
  // when this is done belongs to RPyC. What is appended to `reply` is sent to the peer.
  // Errors:  any refuses the peer, with what is in `reply` unsent; the message is for the log, not
  //          for the peer. An exception counts as one.
  virtual absl::StatusOr<Step> Receive(absl::string_view received, std::string* reply) = 0;
};

// Decides which peers may use a service, before RPyC begins, and after TLS if there is that. A
// program derives its own from this; Service::AuthenticatedBy attaches it.
// Threads: Begin from any; it is shared by all connections.
// Source:  RPyC utils/authenticators.py, 5.3.1 and 6.0.2: a callable that takes the socket.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Begins with one peer. Never returns null.
  virtual std::unique_ptr<Authentication> Begin(const PeerInfo& peer) const = 0;
};

}  // namespace rpyc

#endif  // RPYC_AUTHENTICATOR_H_
