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

// A connection that is being served, in this process or another, as the code that ends it sees it.
// Threads: any.
class Drainable {
 public:
  virtual ~Drainable() = default;

  // Ends the connection at once if it is idle, else when the running call has been answered.
  // Shutdown follows at `deadline`.
  virtual void Drain(absl::Time deadline) = 0;
  // Ends the connection now: shuts the socket, even while a call runs.
  virtual void Shutdown() = 0;
  // Whether a call runs.
  virtual bool busy() const = 0;

  // The process that serves the connection, and a way to kill it. For a connection that is served
  // in this process, process_id is 0 and Kill does nothing.
  virtual int64_t process_id() const { return 0; }
  virtual void Kill() {}
};

// One accepted connection from hand-over to end, as a kind sees it: the peer is authenticated and
// then served. It keeps alive what its calls need, so that a call that never returns may outlive
// the server. A kind may wrap it in a session of its own.
// Threads: ServeAll, one; the rest, any, also before and after ServeAll.
class Session : public Drainable {
 public:
  // The peer's name for people: "127.0.0.1:53422".
  virtual const std::string& peer() const = 0;

  // Authenticates and serves until the connection ends.
  // Errors:  OK - an orderly end; kUnauthenticated - the peer was refused; kDeadlineExceeded - the
  //          peer did not authenticate in time, or was idle for too long; others as
  //          Connection::ServeAll.
  virtual absl::Status ServeAll() = 0;

  // Kinds whose threads serve many connections call ServeBy in place of ServeAll, and then
  // ServeArrived each time that the event has come. Neither waits for the peer.
  //
  // The session calls `arm` with the event to wait for whenever no thread serves the connection any
  // more (Connection::OnIdle); the first time is within ServeBy.
  using Arm = std::function<void(Stream::Event wanted)>;
  virtual void ServeBy(Arm arm) = 0;
  // Serves what has arrived, at most `request_budget` requests. Returns how the session has ended,
  // as ServeAll does, the first time that it has; nullopt otherwise.
  // Threads: any, also two at once where `arm` was called needlessly.
  virtual std::optional<absl::Status> ServeArrived(int request_budget) = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_H_
