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

// Runs one authentication over a stream, before a Connection has it. It may run in pieces, for a
// thread that must not wait. Borrows authenticator and stream.
// Threads: one at a time.
class AuthenticationDriver {
 public:
  // How much an authenticator may be sent before it is done.
  static constexpr size_t kMaxReceivedBytes = 64 << 10;

  AuthenticationDriver(const Authenticator* authenticator, PeerInfo peer, Stream* stream)
      : authenticator_(authenticator), peer_(std::move(peer)), stream_(stream) {}

  // Goes on until it is done or until `deadline`; with InfinitePast it does not wait.
  // Errors:  kDeadlineExceeded - not done yet: call again, when wants() may have come true;
  //          kUnauthenticated - the authenticator refuses the peer, threw, or was sent too much;
  //          kUnavailable - the peer has gone.
  absl::Status Run(absl::Time deadline);
  // What an unfinished Run waits for.
  Stream::Event wants() const { return wants_; }

  // Once it is done: the peer's credentials, and what the peer has sent beyond: RPyC's first bytes.
  const Value& credentials() const { return credentials_; }
  std::string TakeRest() { return std::exchange(received_, {}); }
  // What the peer has sent and the authenticator has not used.
  absl::string_view received() const { return received_; }

 private:
  // Goes on as far as it can without waiting; Run's errors.
  absl::Status Advance();
  // Sends the rest of reply_, or sets wants_.
  absl::Status Send();
  // Appends what has come to received_, or sets wants_.
  absl::Status Receive();

  const Authenticator* const authenticator_;
  PeerInfo peer_;
  Stream* const stream_;
  std::unique_ptr<Authentication> authentication_;  // null before it has begun
  bool has_news_ = true;  // received_ has bytes that it has not been told of, or it has not begun
  bool done_ = false;
  std::string received_;  // and not used yet
  std::string reply_;     // and not sent yet
  Stream::Event wants_ = Stream::Event::kReadable;
  Value credentials_;
};

}  // namespace rpyc

#endif  // RPYC_AUTHENTICATION_DRIVER_H_
