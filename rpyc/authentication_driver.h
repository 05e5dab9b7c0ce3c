#ifndef RPYC_AUTHENTICATION_DRIVER_H_
#define RPYC_AUTHENTICATION_DRIVER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/authenticator.h"
#include "rpyc/stream.h"
#include "rpyc/value.h"

namespace rpyc {

// Runs one authentication over a stream, before a Connection has it. It may run in pieces, for
// those who do not wait. Borrows authenticator and stream. Threads: one at a time.
class AuthenticationDriver {
 public:
  // What an authenticator may be sent before it is done.
  static constexpr size_t kMaxReceivedBytes = 64 << 10;

  AuthenticationDriver(const Authenticator* authenticator, PeerInfo peer, Stream* stream)
      : authenticator_(authenticator), peer_(std::move(peer)), stream_(stream) {}

  // Goes on until it is done or `deadline`; InfinitePast: without waiting.
  // Errors:  kDeadlineExceeded - not done yet: call again, when wants() may have come true;
  //          kUnauthenticated - the authenticator refuses the peer, threw, or was sent too much;
  //          kUnavailable - the peer has gone.
  absl::Status Run(absl::Time deadline);
  // What an unfinished Run waits for.
  Stream::Event wants() const { return wants_; }

  // Once it is done: what the peer may show, and what it has sent beyond: RPyC's first bytes.
  const Value& credentials() const { return credentials_; }
  std::string TakeRest() { return std::exchange(received_, {}); }
  // What the peer has sent, and the authenticator not used.
  absl::string_view received() const { return received_; }

 private:
  absl::Status Advance();
  absl::Status Send();
  absl::Status Receive();

  const Authenticator* const authenticator_;
  PeerInfo peer_;
  Stream* const stream_;
  std::unique_ptr<Authentication> authentication_;  // null before it has begun
  bool has_news_ = true;                            // to be told to it
  bool done_ = false;
  std::string received_;  // not used yet
  std::string reply_;     // not sent yet
  Stream::Event wants_ = Stream::Event::kReadable;
  Value credentials_;
};

}  // namespace rpyc

#endif  // RPYC_AUTHENTICATION_DRIVER_H_
