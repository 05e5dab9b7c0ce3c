#include "registry/tcp_peers.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/transport/descriptor_reserve.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/listen_error.h"

namespace rpyc {
namespace {

// How many connections are accepted before the others are served again.
constexpr int kAcceptsAtOnce = 64;
// How long to wait before accepting again when descriptors have run out.
constexpr absl::Duration kBackOff = absl::Milliseconds(100);

bool Add(int epoll, int fd, uint64_t id) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = id;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

absl::StatusOr<TcpPeers> TcpPeers::Listen(const SocketAddress& address,
                                          const RegistryLimits& limits) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ListenError(address, errno);
  const int on = 1, off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.family() == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return ListenError(address, errno);
  }
  return TcpPeers(std::move(fd), limits);
}

absl::Status TcpPeers::Watch(int epoll, uint64_t listener_id, uint64_t first_id) {
  epoll_ = epoll;
  listener_id_ = listener_id;
  next_id_ = first_id;
  SetListening(true);
  if (listening_) return absl::OkStatus();
  return ErrnoStatus(absl::StatusCode::kResourceExhausted, "watch a listener", errno);
}

void TcpPeers::SetListening(bool listening) {
  if (listening == listening_) return;
  if (listening) {
    listening_ = Add(epoll_, listener_.get(), listener_id_);
  } else {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_.get(), nullptr);
    listening_ = false;
  }
}

absl::Time TcpPeers::AcceptAll(absl::Time now, const OnRefused& on_refused) {
  SetListening(true);
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    SocketAddress address;
    Fd fd(::accept4(listener_.get(), address.mutable_get(), address.mutable_size(),
                    SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid() && IsExhausted(errno)) {
      if (peers_.empty()) {
        SetListening(false);
        return now + kBackOff;
      }
      End(peers_.begin(), absl::ResourceExhaustedError("out of descriptors"), on_refused);
      continue;
    }
    if (!fd.valid() && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (!fd.valid()) continue;  // the error is of that one connection
    if (peers_.size() >= limits_.max_tcp_peers) {
      End(peers_.begin(),
          absl::ResourceExhaustedError(absl::StrCat("the oldest of ", peers_.size(), " peers")),
          on_refused);
    }
    if (IsReservedDescriptor(fd.get())) {
      const absl::Status why = absl::ResourceExhaustedError(ReservedDescriptorsText());
      if (peers_.empty()) {
        on_refused(address.ToEndpoint().host, why);
        continue;
      }
      End(peers_.begin(), why, on_refused);
    }
    const uint64_t id = next_id_++;
    if (!Add(epoll_, fd.get(), id)) continue;
    peers_.push_back(
        {id, std::move(fd), address.ToEndpoint().host, now + limits_.tcp_timeout, "", false});
    by_id_[id] = std::prev(peers_.end());
    RPYC_ASSERT(by_id_.size() == peers_.size());
  }
  return absl::InfiniteFuture();
}

void TcpPeers::Read(uint64_t id, const OnRequest& on_request, const OnRefused& on_refused) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  Peer& peer = *found->second;
  std::array<char, kMaxRegistryRequestBytes + 1> piece;
  const ssize_t bytes = ::recv(peer.fd.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (bytes < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (bytes <= 0) {
    const int error = bytes < 0 ? errno : 0;
    return End(found->second,
               bytes < 0 ? ErrnoStatus(absl::StatusCode::kUnavailable, "read", error)
                         : absl::InvalidArgumentError("the end came before a request"),
               on_refused);
  }
  peer.received.append(piece.data(), static_cast<size_t>(bytes));
  if (peer.received.size() > kMaxRegistryRequestBytes) {
    return End(found->second,
               absl::ResourceExhaustedError(
                   absl::StrCat("a request over ", kMaxRegistryRequestBytes, " bytes")),
               on_refused);
  }
  const absl::StatusOr<RegistryRequest> request = ParseRegistryRequest(peer.received);
  if (absl::IsDataLoss(request.status())) return;  // the rest may arrive before the deadline
  if (!request.ok()) return End(found->second, request.status(), on_refused);
  peer.has_request = true;
  // What else the peer sends, or whether it hangs up, does not matter.
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.fd.get(), nullptr);
  const std::string source = peer.source;
  on_request(id, source, *request);
}

void TcpPeers::Answer(uint64_t id, const absl::StatusOr<std::string>& reply,
                      const OnRefused& on_refused) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  if (!reply.ok()) return End(found->second, reply.status(), on_refused);
  // A reply fits into the send buffer of a socket that has sent nothing before.
  static_cast<void>(
      ::send(found->second->fd.get(), reply->data(), reply->size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  peers_.erase(found->second);
  by_id_.erase(found);
}

absl::Time TcpPeers::Expire(absl::Time now, const OnRefused& on_refused) {
  while (!peers_.empty() && peers_.front().deadline <= now) {
    const Peer& peer = peers_.front();
    absl::Status why = absl::DeadlineExceededError(
        absl::StrCat("no request in ", absl::FormatDuration(limits_.tcp_timeout)));
    if (peer.has_request) why = absl::DeadlineExceededError("no answer in time");
    if (!peer.received.empty() && !peer.has_request) {
      why = ParseRegistryRequest(peer.received).status();
    }
    End(peers_.begin(), why, on_refused);
  }
  return peers_.empty() ? absl::InfiniteFuture() : peers_.front().deadline;
}

void TcpPeers::End(Peers::iterator peer, const absl::Status& why, const OnRefused& on_refused) {
  const std::string source = peer->source;
  const size_t erased = by_id_.erase(peer->id);
  RPYC_ASSERT(erased == 1);
  peers_.erase(peer);
  on_refused(source, why);
}

}  // namespace rpyc
