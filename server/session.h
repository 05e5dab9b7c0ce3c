#ifndef RPYC_SERVER_SESSION_H_
#define RPYC_SERVER_SESSION_H_

#include "absl/time/time.h"

namespace rpyc {

// One accepted connection from hand-over to end, as a kind sees it. Keeps what its calls need
// alive, so that a call which never returns may outlive its server.
// Threads: ServeAll by one; the rest from any, also before and after ServeAll.
class Session {
 public:
  virtual ~Session() = default;
  // Serves until the connection ends.
  virtual void ServeAll() = 0;
  // Ends the connection at once if it is idle, else when the running call has been answered.
  // `deadline` is when Shutdown will follow.
  virtual void Drain(absl::Time deadline) = 0;
  // Ends it now: the socket is shut under whatever runs.
  virtual void Shutdown() = 0;
  // Whether a call runs.
  virtual bool busy() const = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_H_
