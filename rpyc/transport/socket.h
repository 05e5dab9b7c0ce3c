#ifndef RPYC_TRANSPORT_SOCKET_H_
#define RPYC_TRANSPORT_SOCKET_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rpyc/fiber.h"
#include "rpyc/stream.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/read_ahead.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

// Does what Socket::KeepAlive says, to a TCP socket. A listening socket passes the setting on to
// those that it accepts.
void KeepAlive(int fd, absl::Duration idle);

// A connected stream socket, blocking, with the name of its peer. Move-only.
class Socket {
 public:
  // Connects to `address`, and waits until `deadline`.
  // Errors:  kUnavailable; kDeadlineExceeded. The message names the address.
  static absl::StatusOr<Socket> Connect(const SocketAddress& address,
                                        absl::Time deadline = absl::InfiniteFuture());

  Socket() = default;
  // Takes over a connected socket. `peer` is the peer's name for people: "127.0.0.1:53422".
  Socket(Fd fd, std::string peer, bool tcp)
      : fd_(std::move(fd)), peer_(std::move(peer)), tcp_(tcp) {}

  int fd() const { return fd_.get(); }
  const std::string& peer() const { return peer_; }
  bool tcp() const { return tcp_; }

  // Has the kernel probe a TCP peer that has been silent for `idle`, and break the connection after
  // five probes without an answer, each `idle` after the one before.
  // Units:   whole seconds, at least one.
  // Source:  RPyC core/stream.py, SocketStream._connect, 5.3.1 and 6.0.2.
  void KeepAlive(absl::Duration idle);

 private:
  Fd fd_;
  std::string peer_;
  bool tcp_ = false;
};

// A Stream over a socket. A read or a write takes one system call. Waiting blocks the thread, or
// parks the fiber. With kInsideFrame it acknowledges a TCP peer's bytes before the read waits: a
// stock Python peer writes a large frame in pieces with Nagle's algorithm on, and would otherwise
// wait 40 ms for a delayed ACK.
// Owns: the socket.      Threads: as Stream.
class SocketStream : public Stream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}

  absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                      absl::Time deadline = absl::InfiniteFuture()) override;
  absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) override;
  size_t read_ahead_bytes() const override { return ahead_.size(); }
  absl::string_view read_ahead() const override { return ahead_.bytes(); }
  void Acknowledge() override;
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override;
  bool Wait(Event event, absl::Time deadline) override;
  void UseBudget(ByteBudget* budget) override { ahead_.UseBudget(budget); }
  void Shutdown() override;
  void EndReadingIfIdle() override;

 private:
  // Calls recv once.
  // Threads: the reader, as below.
  absl::StatusOr<ReadResult> Receive(absl::Span<char> into, int flags);
  // Receives on `fiber`, which parks until `deadline` while there is nothing.
  absl::StatusOr<ReadResult> ReceiveOn(Fiber* fiber, absl::Span<char> into, absl::Time deadline);
  // Sets the kernel's timeout for a blocking recv, unless it has that value.
  void SetReceiveTimeout(absl::Duration timeout);

  const Socket socket_;
  ReadAheadBuffer ahead_;
  absl::Duration receive_timeout_ = absl::InfiniteDuration();  // the kernel's, for a blocking recv
  // After Shutdown the kernel still returns bytes that had arrived before; this stream does not.
  std::atomic<bool> shut_{false};
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_SOCKET_H_
