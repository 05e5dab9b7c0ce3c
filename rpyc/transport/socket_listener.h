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
  bool ipv6_only = false;  // else [::] takes IPv4 connections too, whatever the system's default
  int socket_mode = 0600;  // of a unix socket's file, less the umask
};

// A listening socket, TCP or unix. The file of a unix socket that it opened goes with it.
// A TCP peer that has vanished from the network is noticed within six minutes: after one of
// silence the kernel asks it, five times a minute apart (SO_KEEPALIVE).
// Threads: Accept by one; Stop from any.
class SocketListener {
 public:
  // Binds and listens.
  // Errors:  kFailedPrecondition - address in use; kPermissionDenied; kResourceExhausted - out of
  //          descriptors or memory; kInvalidArgument - not an address of this machine.
  static absl::StatusOr<std::unique_ptr<SocketListener>> Open(const SocketAddress& address,
                                                              const SocketListenerOptions& options);

  // Goes on with a socket that somebody else made listen, and perhaps still has: systemd, a parent
  // process. Works on a duplicate, so `fd` stays the caller's. The socket becomes non-blocking for
  // whoever has it. Neither Stop nor the end touch it or its file: connections that come then wait
  // for the next who accepts, or are refused if nobody has it any more.
  // Errors:  kInvalidArgument - no listening stream socket; kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<SocketListener>> Inherit(int fd);

  // Waits for a connection. TCP connections send small frames at once (TCP_NODELAY).
  // Errors:  kCancelled - stopped; kResourceExhausted - out of descriptors or memory: a connection
  //          was closed unserved if that was possible, go on; kNotFound - as CheckFile, once it is
  //          noticed: go on; others: this listener is broken.
  absl::StatusOr<Socket> Accept();

  // Accepts no connection from now on, has them refused (see Inherit), and wakes Accept.
  // Idempotent.
  void Stop();

  // Whether clients still find what it listens at: only the file of a unix socket that it opened
  // can go. Errors:  kNotFound - it has been removed, moved or replaced.   Threads: any.
  absl::Status CheckFile() const;

  // As bound, with the port that was picked.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  SocketListener(Fd fd, std::unique_ptr<UnixPath> unix_path, Fd wake);
  int AcceptOnce(Socket* socket);
  absl::StatusOr<Socket> AcceptWithoutDescriptors();
  void Wait(int16_t events, int milliseconds);
  absl::Status NoticeLostFile();
  bool inherited() const { return wake_.valid(); }

  const Fd fd_;
  // Null for TCP and for what was inherited. Removes the file while fd_ keeps its inode from being
  // given to another.
  const std::unique_ptr<UnixPath> unix_path_;
  const Fd wake_;  // an eventfd for Stop, of an inherited socket
  // An inotify that becomes readable when something is done to the file; invalid: there is none, or
  // no more to be had, and Accept notices nothing.
  const Fd file_watch_;
  const bool tcp_;
  const Endpoint endpoint_;
  bool lost_file_ = false;  // told already; Accept's thread
  Fd spare_descriptor_;  // Accept's thread; given up to be able to accept, and close, at the limit
  std::atomic<bool> stopped_{false};
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_SOCKET_LISTENER_H_
