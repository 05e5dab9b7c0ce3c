#ifndef RPYC_SERVER_SESSION_H_
#define RPYC_SERVER_SESSION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/stream.h"

namespace rpyc {

// What is served, wherever that is, as whoever ends it sees it. Threads: any.
class Drainable {
 public:
  virtual ~Drainable() = default;

  // Ends the connection at once if it is idle, else when the running call has been answered.
  // `deadline` is when Shutdown will follow.
  virtual void Drain(absl::Time deadline) = 0;
  // Ends it now: the socket is shut under whatever runs.
  virtual void Shutdown() = 0;
  // Whether a call runs.
  virtual bool busy() const = 0;

  // What is served in a process of its own: which, and its end, whatever it does. 0 and nothing for
  // what is served in this one.
  virtual int64_t process_id() const { return 0; }
  virtual void Kill() {}
};

// One accepted connection from hand-over to end, as a kind sees it: the peer is authenticated and
// then served. Keeps what its calls need alive, so that a call which never returns may outlive its
// server. A kind may wrap it in one of its own, to do something around it.
// Threads: ServeAll by one; the rest from any, also before and after ServeAll.
class Session : public Drainable {
 public:
  // For people: "127.0.0.1:53422".
  virtual const std::string& peer() const = 0;

  // Authenticates and serves until the connection ends.
  // Errors:  OK - an orderly end; kUnauthenticated - the peer was refused; kDeadlineExceeded - it
  //          did not say in time who it is, or was idle for too long; others as
  //          Connection::ServeAll.
  virtual absl::Status ServeAll() = 0;

  // For kinds whose threads serve many connections, in place of ServeAll: ServeBy, and then
  // ServeArrived each time what was asked for has come. Both never wait for the peer.
  //
  // `arm` is told what to wait for whenever nobody attends to the connection: see
  // Connection::OnUnattended. The first time is within ServeBy.
  using Arm = std::function<void(Stream::Event wanted)>;
  virtual void ServeBy(Arm arm) = 0;
  // Goes on with what has arrived, for at most `request_budget` requests. Returns how the session
  // has ended, as ServeAll does, once it has: it needs no more then; said once.
  // Threads: any, also two at once where `arm` was called needlessly.
  virtual std::optional<absl::Status> ServeArrived(int request_budget) = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_H_
