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

// As Socket::KeepAlive, of a TCP socket; those that a listening one accepts are as it is.
void KeepAlive(int fd, absl::Duration idle);

// A connected stream socket, blocking, and who is at its other end. Move-only.
class Socket {
 public:
  // Connects. Errors:  kUnavailable; kDeadlineExceeded - not by `deadline`. Both name the address.
  static absl::StatusOr<Socket> Connect(const SocketAddress& address,
                                        absl::Time deadline = absl::InfiniteFuture());

  Socket() = default;
  // Takes over a connected socket. `peer` is for people: "127.0.0.1:53422".
  Socket(Fd fd, std::string peer, bool tcp)
      : fd_(std::move(fd)), peer_(std::move(peer)), tcp_(tcp) {}

  int fd() const { return fd_.get(); }
  const std::string& peer() const { return peer_; }
  bool tcp() const { return tcp_; }

  // Has the kernel ask a TCP peer that is silent for `idle` whether it lives, five times so far
  // apart, and break the connection if it does not answer. In whole seconds, at least one.
  // Source:  RPyC core/stream.py, SocketStream._connect, 5.3.1 and 6.0.2.
  void KeepAlive(absl::Duration idle);

 private:
  Fd fd_;
  std::string peer_;
  bool tcp_ = false;
};

// A Stream over a socket: one system call a read and one a write; waiting blocks the thread, or
// parks the fiber.
// With kInsideFrame a TCP peer's bytes are acknowledged before the read waits: a stock Python peer
// writes a large frame in pieces with Nagle's algorithm on, and would wait 40 ms for a delayed ACK
// otherwise.
// Owns the socket. Threads: as Stream.
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
  absl::StatusOr<ReadResult> Receive(absl::Span<char> into, int flags);
  absl::StatusOr<ReadResult> ReceiveOn(Fiber* fiber, absl::Span<char> into, absl::Time deadline);
  void SetReceiveTimeout(absl::Duration timeout);

  const Socket socket_;
  ReadAheadBuffer ahead_;
  absl::Duration receive_timeout_ = absl::InfiniteDuration();  // the kernel's, of a blocking recv
  // The kernel still hands out what had arrived before the shutdown; we do not.
  std::atomic<bool> shut_{false};
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_SOCKET_H_
