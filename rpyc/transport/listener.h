#ifndef RPYC_TRANSPORT_LISTENER_H_
#define RPYC_TRANSPORT_LISTENER_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/unix_path.h"

namespace rpyc {

struct ListenerOptions {
  int backlog = 0;         // 0: SOMAXCONN
  bool reuse_addr = true;  // SO_REUSEADDR; SO_REUSEPORT never
  int socket_mode = 0600;  // of a unix socket's file, less the umask
};

// A listening socket, TCP or unix. A unix socket's file goes with it.
// Threads: Accept by one; Stop from any.
class Listener {
 public:
  // Binds and listens.
  // Errors:  kFailedPrecondition - address in use; kPermissionDenied; kResourceExhausted - out of
  //          descriptors or memory; kInvalidArgument - not an address of this machine.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const SocketAddress& address,
                                                        const ListenerOptions& options);

  // Waits for a connection. TCP connections send small frames at once (TCP_NODELAY).
  // Errors:  kCancelled - stopped; kResourceExhausted - out of descriptors or memory: a connection
  //          was closed unserved if that was possible, go on; others: this listener is broken.
  absl::StatusOr<Socket> Accept();

  // Refuses connections from now on and wakes Accept. Idempotent.
  void Stop();

  // As bound, with the port that was picked.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Listener(Fd fd, std::unique_ptr<UnixPath> unix_path);
  int AcceptOnce(Socket* socket);
  absl::StatusOr<Socket> AcceptWithoutDescriptors();

  const std::unique_ptr<UnixPath> unix_path_;  // null for TCP
  const Fd fd_;
  const Endpoint endpoint_;
  Fd reserve_;  // Accept's thread; given up to be able to accept, and close, at the limit
  std::atomic<bool> stopped_{false};
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_LISTENER_H_
