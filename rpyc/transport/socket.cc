#include "rpyc/transport/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

// A system call takes so many chunks; that is well under IOV_MAX, and small on the stack.
constexpr size_t kMaxChunks = 64;
// The kernel's timeout may be so much shorter than the wanted one, as a fraction of it. A read that
// the kernel ends early goes on.
constexpr double kTimeoutPrecision = 0.998;

// After so many keep-alive probes without an answer the kernel breaks the connection.
constexpr int kKeepAliveProbes = 5;

void SetOption(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

// Connects a blocking socket. Returns 0 or an errno; ETIMEDOUT means that `deadline` has passed.
int ConnectUntil(int fd, const SocketAddress& address, absl::Time deadline) {
  const bool limited = deadline != absl::InfiniteFuture();
  for (;;) {
    if (limited) {
      // SO_SNDTIMEO bounds a connect too, for every family.
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) return ETIMEDOUT;
      const timeval timeout = absl::ToTimeval(left + absl::Milliseconds(1));
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    }
    if (::connect(fd, address.get(), address.size()) == 0 || errno == EISCONN) break;
    // A connect that a signal or the timeout interrupts goes on by itself, and another call waits
    // for it. The connect of a unix socket that waited for room in the backlog begins again.
    const bool goes_on = errno == EINTR || errno == EINPROGRESS || errno == EALREADY ||
                         (errno == EAGAIN && address.family() == AF_UNIX);
    if (!goes_on) return errno;
  }
  if (limited) {
    const timeval never = {};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &never, sizeof(never));
  }
  return 0;
}

// Does the same for a fiber. The connect of a unix socket hardly ever waits.
int ConnectOn(Fiber* fiber, int fd, const SocketAddress& address, absl::Time deadline) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  int error = ::connect(fd, address.get(), address.size()) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) {
    if (!fiber->AwaitReady(fd, /*readable=*/false, /*writable=*/true, deadline)) return ETIMEDOUT;
    socklen_t size = sizeof(error);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  ::fcntl(fd, F_SETFL, flags);
  if (error == EAGAIN && address.family() == AF_UNIX) return ConnectUntil(fd, address, deadline);
  return error;
}

// Sends with sendmsg. It is not inlined because of its large frame: an idle connection keeps the
// pages of stack that it has touched.
[[gnu::noinline]] ssize_t SendVector(int fd, absl::Span<const absl::string_view> chunks) {
  std::array<iovec, kMaxChunks> vector;
  msghdr message = {};
  message.msg_iov = vector.data();
  message.msg_iovlen = std::min(chunks.size(), vector.size());
  for (size_t i = 0; i < message.msg_iovlen; ++i) {
    vector[i] = {const_cast<char*>(chunks[i].data()), chunks[i].size()};
  }
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

absl::StatusOr<Socket> Socket::Connect(const SocketAddress& address, absl::Time deadline) {
  const std::string peer = address.ToString();
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  Fiber* const fiber = Fiber::Current();
  const int error = fd.get() < 0       ? errno
                    : fiber != nullptr ? ConnectOn(fiber, fd.get(), address, deadline)
                                       : ConnectUntil(fd.get(), address, deadline);
  if (error != 0) {
    // The kernel may also give up before the deadline.
    const bool late = error == ETIMEDOUT && absl::Now() >= deadline;
    return ErrnoStatus(late ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
                       absl::StrCat("connect to ", peer), error);
  }
  const bool tcp = address.family() != AF_UNIX;
  if (tcp) SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return Socket(std::move(fd), peer, tcp);
}

void KeepAlive(int fd, absl::Duration idle) {
  const int seconds =
      static_cast<int>(std::clamp<int64_t>(absl::ToInt64Seconds(idle), 1, INT16_MAX));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void Socket::KeepAlive(absl::Duration idle) {
  if (tcp_) rpyc::KeepAlive(fd_.get(), idle);
}

absl::StatusOr<ReadResult> SocketStream::ReadSome(absl::Span<char> into, ReadHint hint,
                                                  absl::Time deadline) {
  if (!ahead_.idle()) {
    if (!ahead_.status().ok()) return ahead_.status();
    const size_t taken = ahead_.Take(into);
    if (shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
    return ReadResult{ReadResult::kData, taken};
  }
  if (hint == ReadHint::kInsideFrame) Acknowledge();
  if (Fiber* const fiber = Fiber::Current()) return ReceiveOn(fiber, into, deadline);
  // The kernel keeps the time, so a deadline costs no further system call if it is about as far
  // away as that of the read before.
  for (;;) {
    const absl::Duration left =
        deadline == absl::InfiniteFuture() ? absl::InfiniteDuration() : deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return Receive(into, MSG_DONTWAIT);
    if (left > receive_timeout_ / kTimeoutPrecision ||
        left < receive_timeout_ * kTimeoutPrecision) {
      SetReceiveTimeout(left);
    }
    absl::StatusOr<ReadResult> read = Receive(into, 0);
    if (!read.ok() || read->outcome != ReadResult::kWouldBlock) return read;
  }
}

// The option is not permanent: it makes the kernel send the acknowledgement that is due now. It
// does not matter whether that works.
void SocketStream::Acknowledge() {
  if (socket_.tcp()) SetOption(socket_.fd(), IPPROTO_TCP, TCP_QUICKACK, 1);
}

absl::StatusOr<ReadResult> SocketStream::ReceiveOn(Fiber* fiber, absl::Span<char> into,
                                                   absl::Time deadline) {
  for (;;) {
    absl::StatusOr<ReadResult> read = Receive(into, MSG_DONTWAIT);
    if (!read.ok()) return read;
    const bool none = read->outcome == ReadResult::kWouldBlock;
    if (none || read->drained) fiber->MarkNotReady(socket_.fd(), /*readable=*/true);
    if (!none || deadline == absl::InfinitePast()) return read;
    if (!fiber->AwaitReady(socket_.fd(), /*readable=*/true, /*writable=*/false, deadline)) {
      return read;
    }
  }
}

void SocketStream::SetReceiveTimeout(absl::Duration timeout) {
  if (timeout == receive_timeout_) return;
  receive_timeout_ = timeout;
  // To the kernel, zero means no timeout.
  const timeval kernels = timeout == absl::InfiniteDuration()
                              ? timeval{}
                              : absl::ToTimeval(std::max(timeout, absl::Microseconds(1)));
  ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &kernels, sizeof(kernels));
}

absl::StatusOr<ReadResult> SocketStream::Receive(absl::Span<char> into, int flags) {
  ssize_t bytes;
  do {
    bytes = ::recv(socket_.fd(), into.data(), into.size(), flags);
  } while (bytes < 0 && errno == EINTR);
  if (bytes == 0 || shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
  if (bytes > 0) {
    const size_t got = static_cast<size_t>(bytes);
    return ReadResult{ReadResult::kData, got, /*drained=*/got < into.size()};
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return ReadResult{ReadResult::kWouldBlock};
  return ErrnoStatus(absl::StatusCode::kUnavailable, absl::StrCat("read from ", socket_.peer()),
                     errno);
}

absl::StatusOr<ReadResult> SocketStream::ReadAhead(size_t max_bytes) {
  Acknowledge();  // the peer may hold back the rest of a frame
  std::array<char, kReadAheadPieceBytes> piece;
  absl::StatusOr<ReadResult> read =
      Receive(absl::MakeSpan(piece.data(), std::min(max_bytes, piece.size())), MSG_DONTWAIT);
  if (read.ok() && read->outcome == ReadResult::kData) {
    if (absl::Status kept = ahead_.Append({piece.data(), read->bytes}); !kept.ok()) {
      Shutdown();  // the next read returns the reason
      return kept;
    }
  }
  if (read.ok() && read->outcome == ReadResult::kWouldBlock && Fiber::Current() != nullptr) {
    Fiber::Current()->MarkNotReady(socket_.fd(), /*readable=*/true);
  }
  return read;
}

absl::StatusOr<size_t> SocketStream::WriteSome(absl::Span<const absl::string_view> chunks) {
  ssize_t sent;
  do {
    // One chunk is the common case. send spares the kernel the walk over a vector.
    sent = chunks.size() == 1 ? ::send(socket_.fd(), chunks[0].data(), chunks[0].size(),
                                       MSG_NOSIGNAL | MSG_DONTWAIT)
                              : SendVector(socket_.fd(), chunks);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    if (Fiber* const fiber = Fiber::Current())
      fiber->MarkNotReady(socket_.fd(), /*readable=*/false);
    return 0;
  }
  return ErrnoStatus(absl::StatusCode::kUnavailable, absl::StrCat("write to ", socket_.peer()),
                     errno);
}

bool SocketStream::Wait(Event event, absl::Time deadline) {
  if (event == Event::kReadable && !ahead_.empty()) return true;
  if (Fiber* const fiber = Fiber::Current()) {
    return fiber->AwaitReady(socket_.fd(), event != Event::kWritable, event != Event::kReadable,
                             deadline);
  }
  const int16_t events = event == Event::kReadable   ? POLLIN
                         : event == Event::kWritable ? POLLOUT
                                                     : POLLIN | POLLOUT;
  pollfd waited = {.fd = socket_.fd(), .events = events, .revents = 0};
  for (;;) {
    // This rounds up, so that the deadline has passed when poll says so.
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now() + absl::Milliseconds(1));
    const int timeout = deadline == absl::InfiniteFuture()
                            ? -1
                            : static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
    const int ready = ::poll(&waited, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the read or write that follows finds out
    if (absl::Now() >= deadline) return false;
  }
}

void SocketStream::Shutdown() {
  shut_.store(true, std::memory_order_relaxed);
  ::shutdown(socket_.fd(), SHUT_RDWR);
}

void SocketStream::EndReadingIfIdle() {
  pollfd arrived = {.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&arrived, 1, 0) == 0) ::shutdown(socket_.fd(), SHUT_RD);
}

}  // namespace rpyc
