#include "rpyc/transport/fd_message.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

// Holds the descriptors of one message.
struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(FdMessage::kMaxFds * sizeof(int))> bytes = {};
};

absl::Status Gone(absl::string_view doing, int error) {
  return ErrnoStatus(absl::StatusCode::kUnavailable, doing, error);
}

// Takes over the descriptors that `message` carries.
void TakeFds(msghdr& message, std::vector<Fd>* fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds->emplace_back(fd);
    }
  }
}

// Waits until there is something to receive.
absl::Status AwaitReadable(int channel, absl::Time deadline) {
  pollfd waited = {.fd = channel, .events = POLLIN, .revents = 0};
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now() + absl::Milliseconds(1));
    const int ready = ::poll(&waited, 1, static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return Gone("wait for a message", errno);
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("no message came in time");
  }
}

}  // namespace

absl::StatusOr<std::pair<Fd, Fd>> FdMessageChannel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "make a channel", errno);
  }
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

namespace {

absl::Status Send(int channel, absl::string_view bytes, absl::Span<const int> fds, int flags) {
  if (bytes.empty() || bytes.size() > FdMessage::kMaxBytes || fds.size() > FdMessage::kMaxFds) {
    return absl::InvalidArgumentError(
        absl::StrCat("no message: ", bytes.size(), " bytes and ", fds.size(), " descriptors"));
  }
  iovec vector = {const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  Ancillary ancillary;
  if (!fds.empty()) {
    message.msg_control = ancillary.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(channel, &message, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? Gone("send a message", errno) : absl::OkStatus();
}

}  // namespace

absl::Status SendFdMessage(int channel, absl::string_view bytes, absl::Span<const int> fds) {
  return Send(channel, bytes, fds, 0);
}

absl::Status TrySendFdMessage(int channel, absl::string_view bytes) {
  return Send(channel, bytes, {}, MSG_DONTWAIT);
}

absl::StatusOr<FdMessage> ReceiveFdMessage(int channel, absl::Time deadline) {
  if (deadline != absl::InfiniteFuture()) {
    if (absl::Status ready = AwaitReadable(channel, deadline); !ready.ok()) return ready;
  }
  std::array<char, FdMessage::kMaxBytes> bytes;
  iovec vector = {bytes.data(), bytes.size()};
  Ancillary ancillary;
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = ancillary.bytes.size();
  ssize_t got;
  do {
    got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return Gone("receive a message", errno);
  FdMessage received;
  TakeFds(message, &received.fds);
  if (got == 0) return absl::UnavailableError("the other end has gone");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::UnavailableError("a message that is too long, or out of descriptors");
  }
  received.bytes.assign(bytes.data(), static_cast<size_t>(got));
  return received;
}

}  // namespace rpyc
