#include "rpyc/transport/socket.h"

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
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

// Chunks a system call takes; well under IOV_MAX, and small on the stack.
constexpr size_t kMaxChunks = 64;
// A piece of read-ahead, on the stack of whoever watches.
constexpr size_t kReadAheadBytes = 64 << 10;

// Questions without an answer that end a connection kept alive.
constexpr int kKeepAliveProbes = 5;

void SetOption(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

// Connects a blocking socket; 0 or an errno, ETIMEDOUT if not by `deadline`.
int ConnectUntil(int fd, const SocketAddress& address, absl::Time deadline) {
  const bool limited = deadline != absl::InfiniteFuture();
  for (;;) {
    if (limited) {
      // Bounds a connect too, of every family.
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) return ETIMEDOUT;
      const timeval timeout = absl::ToTimeval(left + absl::Milliseconds(1));
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    }
    if (::connect(fd, address.get(), address.size()) == 0 || errno == EISCONN) break;
    // One that a signal or the time limit interrupts goes on by itself: connecting again waits for
    // it. A unix socket's that waited for room in the backlog begins again.
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

}  // namespace

absl::StatusOr<Socket> Socket::Connect(const SocketAddress& address, absl::Time deadline) {
  const std::string peer = address.ToString();
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int error = fd.get() < 0 ? errno : ConnectUntil(fd.get(), address, deadline);
  if (error != 0) {
    // The kernel gives up by itself too.
    const bool late = error == ETIMEDOUT && absl::Now() >= deadline;
    return ErrnoStatus(late ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
                       absl::StrCat("connect to ", peer), error);
  }
  const bool tcp = address.family() != AF_UNIX;
  if (tcp) SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return Socket(std::move(fd), peer, tcp);
}

void Socket::KeepAlive(absl::Duration idle) {
  if (!tcp_) return;
  const int seconds =
      static_cast<int>(std::clamp<int64_t>(absl::ToInt64Seconds(idle), 1, INT16_MAX));
  SetOption(fd_.get(), IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  SetOption(fd_.get(), IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  SetOption(fd_.get(), IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  SetOption(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
}

absl::StatusOr<ReadResult> SocketStream::ReadSome(absl::Span<char> into, ReadHint hint) {
  if (!ahead_.empty()) {
    const absl::string_view bytes = read_ahead().substr(0, into.size());
    std::memcpy(into.data(), bytes.data(), bytes.size());
    ahead_read_ += bytes.size();
    if (ahead_read_ == ahead_.size()) {
      ahead_ = std::string();
      ahead_read_ = 0;
    }
    if (shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
    return ReadResult{ReadResult::kData, bytes.size()};
  }
  if (hint == ReadHint::kInsideFrame && socket_.tcp()) {
    // Does not stick: again before each such read. Whether it worked does not matter.
    SetOption(socket_.fd(), IPPROTO_TCP, TCP_QUICKACK, 1);
  }
  return Receive(into, 0);
}

absl::StatusOr<ReadResult> SocketStream::Receive(absl::Span<char> into, int flags) {
  ssize_t bytes;
  do {
    bytes = ::recv(socket_.fd(), into.data(), into.size(), flags);
  } while (bytes < 0 && errno == EINTR);
  if (bytes == 0 || shut_.load(std::memory_order_relaxed)) return ReadResult{ReadResult::kEof};
  if (bytes > 0) return ReadResult{ReadResult::kData, static_cast<size_t>(bytes)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return ReadResult{ReadResult::kWouldBlock};
  return ErrnoStatus(absl::StatusCode::kUnavailable, absl::StrCat("read from ", socket_.peer()),
                     errno);
}

bool SocketStream::WaitReadable(absl::Time deadline) {
  if (!ahead_.empty()) return true;
  pollfd waited = {.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  for (;;) {
    // Rounded up, so that the deadline has passed when it says so.
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now() + absl::Milliseconds(1));
    const int timeout = static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
    const int ready = ::poll(&waited, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the read will tell
    if (absl::Now() >= deadline) return false;
  }
}

absl::StatusOr<ReadResult> SocketStream::ReadAhead(size_t max_bytes) {
  if (socket_.tcp()) {
    // The peer may hold back the rest of a frame until what came is acknowledged.
    SetOption(socket_.fd(), IPPROTO_TCP, TCP_QUICKACK, 1);
  }
  ahead_.erase(0, std::exchange(ahead_read_, 0));
  std::array<char, kReadAheadBytes> piece;
  absl::StatusOr<ReadResult> read =
      Receive(absl::MakeSpan(piece.data(), std::min(max_bytes, piece.size())), MSG_DONTWAIT);
  if (read.ok() && read->state == ReadResult::kData) ahead_.append(piece.data(), read->bytes);
  return read;
}

absl::string_view SocketStream::read_ahead() const {
  return absl::string_view(ahead_).substr(ahead_read_);
}

absl::Status SocketStream::Write(absl::Span<const absl::string_view> chunks) {
  if (chunks.size() != 1) return WriteVector(chunks);
  // The common case, spared the kernel's walk over a vector.
  absl::string_view rest = chunks.front();
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket_.fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest.remove_prefix(sent);
    } else if (errno != EINTR) {
      return WriteError(errno);
    }
  }
  return absl::OkStatus();
}

absl::Status SocketStream::WriteVector(absl::Span<const absl::string_view> chunks) {
  std::array<iovec, kMaxChunks> vector;
  size_t skip = 0;  // bytes of the first chunk that are written already
  while (!chunks.empty()) {
    const size_t count = std::min(chunks.size(), vector.size());
    for (size_t i = 0; i < count; ++i) {
      vector[i] = {const_cast<char*>(chunks[i].data()), chunks[i].size()};
    }
    vector[0] = {const_cast<char*>(chunks[0].data()) + skip, chunks[0].size() - skip};
    msghdr message = {};
    message.msg_iov = vector.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return WriteError(errno);
    }
    skip += sent;
    while (!chunks.empty() && skip >= chunks.front().size()) {
      skip -= chunks.front().size();
      chunks.remove_prefix(1);
    }
  }
  return absl::OkStatus();
}

absl::Status SocketStream::WriteError(int error) const {
  return ErrnoStatus(absl::StatusCode::kUnavailable, absl::StrCat("write to ", socket_.peer()),
                     error);
}

void SocketStream::Shutdown() {
  shut_.store(true, std::memory_order_relaxed);
  ::shutdown(socket_.fd(), SHUT_RDWR);
}

}  // namespace rpyc
