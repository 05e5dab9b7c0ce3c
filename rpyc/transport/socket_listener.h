#ifndef RPYC_TRANSPORT_SOCKET_LISTENER_H_
#define RPYC_TRANSPORT_SOCKET_LISTENER_H_

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

struct SocketListenerOptions {
  int backlog = 0;         // 0: SOMAXCONN
  bool reuse_addr = true;  // SO_REUSEADDR; SO_REUSEPORT never
  bool ipv6_only = false;  // false: [::] takes IPv4 too, whatever the system's default is
  int socket_mode = 0600;  // the mode of a unix socket's file, less the umask
};

// A listening socket, TCP or unix. It removes the file of a unix socket that it opened at its end.
// A TCP peer that has vanished from the network is noticed within six minutes: after a minute of
// silence the kernel probes it, five times a minute apart (SO_KEEPALIVE).
// Threads: Accept, one; Stop, any.
class SocketListener {
 public:
  // Binds and listens.
  // Errors:  kFailedPrecondition - address in use; kPermissionDenied; kResourceExhausted - out of
  //          descriptors or memory; kInvalidArgument - not an address of this machine.
  static absl::StatusOr<std::unique_ptr<SocketListener>> Open(const SocketAddress& address,
                                                              const SocketListenerOptions& options);

  // Goes on with a socket that another process made listen and may still have: systemd, or a
  // parent. It works on a duplicate, so `fd` stays the caller's. The socket becomes non-blocking in
  // every process that has it. Neither Stop nor the listener's end touches it or its file: a
  // connection that comes then waits for the next process that accepts, and is refused once no
  // process has the socket.
  // Errors:  kInvalidArgument - no listening stream socket; kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<SocketListener>> Inherit(int fd);

  // Waits for a connection. TCP connections send small frames at once (TCP_NODELAY).
  // Errors:  kCancelled - stopped; kResourceExhausted - out of descriptors or memory: it has closed
  //          a connection unserved if it could; kNotFound - as CheckFile, once for each loss. After
  //          these two call it again. Others - this listener is broken.
  absl::StatusOr<Socket> Accept();

  // Accepts no further connection, has them refused (but see Inherit), and wakes Accept.
  // Idempotent.
  void Stop();

  // Checks that clients still find the address: the file of a unix socket that it opened may go.
  // Errors:  kNotFound - the file has been removed, moved or replaced.      Threads: any.
  absl::Status CheckFile() const;

  // The bound address, with the port that the kernel picked.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  SocketListener(Fd fd, std::unique_ptr<UnixPath> unix_path, Fd wake);

  // --- Called by Accept's thread only. ---

  // Accepts one connection. Returns 0 or an errno.
  int AcceptOnce(Socket* socket);
  // Waits for a connection when there is no free descriptor, and closes it with the help of
  // spare_descriptor_: otherwise clients would wait in the backlog, and Accept would spin.
  absl::StatusOr<Socket> AcceptWithoutDescriptors();
  // Waits for `events` of the socket, until stopped or until something is done to the file, for at
  // most so many milliseconds; -1 means for ever.
  void Wait(int16_t events, int milliseconds);
  // Does what CheckFile does, if the file may have changed, and returns a loss once.
  absl::Status NoticeLostFile();
  // Whether it was made by Inherit.
  bool inherited() const { return wake_.valid(); }

  const Fd fd_;
  // Null for TCP and for an inherited socket. It is destroyed before fd_, which keeps the file's
  // inode from being given to another file until then.
  const std::unique_ptr<UnixPath> unix_path_;
  const Fd wake_;  // an eventfd that Stop uses; valid for an inherited socket only
  // An inotify, which becomes readable when something is done to the file. If it is invalid, there
  // is no file or no inotify was left, and Accept notices nothing.
  const Fd file_watch_;
  const bool tcp_;
  const Endpoint endpoint_;
  // Used by Accept's thread only.
  bool lost_file_ = false;  // the loss of the file has been returned
  Fd spare_descriptor_;     // is given up at the limit of descriptors, to accept and close
  std::atomic<bool> stopped_{false};
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_SOCKET_LISTENER_H_
