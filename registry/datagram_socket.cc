#include "registry/datagram_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "rpyc/transport/listen_error.h"

namespace rpyc {
namespace {

constexpr int kReceiveBufferBytes = 4 << 20;

// Holds the control message that tells the local address.
union Control {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo))];
  cmsghdr aligned;
};

void TakeLocal(msghdr* message, DatagramSocket::Origin* origin) {
  for (cmsghdr* each = CMSG_FIRSTHDR(message); each != nullptr; each = CMSG_NXTHDR(message, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      std::memcpy(&origin->local4, CMSG_DATA(each), sizeof(origin->local4));
      origin->has_local = true;
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      std::memcpy(&origin->local6, CMSG_DATA(each), sizeof(origin->local6));
      origin->has_local = true;
    }
  }
}

template <typename Info>
void PutLocal(int level, int type, const Info& info, Control* control, msghdr* message) {
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(sizeof(info));
  cmsghdr* header = CMSG_FIRSTHDR(message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(header), &info, sizeof(info));
}

}  // namespace

absl::StatusOr<DatagramSocket> DatagramSocket::Bind(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ListenError(address, errno);
  // The kernel then keeps as much of a burst of requests as the system allows.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  const int on = 1, off = 0;
  if (address.family() == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
  } else {
    ::setsockopt(fd.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) return ListenError(address, errno);
  return DatagramSocket(std::move(fd));
}

DatagramSocket::Received DatagramSocket::Receive(size_t max_bytes, std::string* datagram,
                                                 Origin* origin) {
  *origin = Origin();
  datagram->resize(max_bytes);
  iovec place = {datagram->data(), datagram->size()};
  Control control;
  msghdr message = {};
  message.msg_name = origin->peer.mutable_get();
  message.msg_namelen = *origin->peer.mutable_size();
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  for (;;) {
    const ssize_t bytes = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT);
    // The kernel also reports here, once each, the errors of datagrams that were sent before.
    if (bytes < 0 && (errno == EINTR || errno == ECONNREFUSED)) continue;
    if (bytes < 0) return Received::kNothing;
    *origin->peer.mutable_size() = message.msg_namelen;
    TakeLocal(&message, origin);
    datagram->resize(static_cast<size_t>(bytes));
    return (message.msg_flags & MSG_TRUNC) != 0 ? Received::kTooLong : Received::kDatagram;
  }
}

void DatagramSocket::Send(absl::string_view datagram, const Origin& to) const {
  iovec place = {const_cast<char*>(datagram.data()), datagram.size()};
  Control control = {};
  msghdr message = {};
  message.msg_name = const_cast<sockaddr*>(to.peer.get());
  message.msg_namelen = to.peer.size();
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  if (to.has_local && to.peer.family() == AF_INET) {
    // The kernel chooses the interface; the address must be this one.
    in_pktinfo local = {};
    local.ipi_spec_dst = to.local4.ipi_spec_dst;
    PutLocal(IPPROTO_IP, IP_PKTINFO, local, &control, &message);
  } else if (to.has_local && !IN6_IS_ADDR_MULTICAST(&to.local6.ipi6_addr)) {
    in6_pktinfo local = to.local6;
    if (!IN6_IS_ADDR_LINKLOCAL(&local.ipi6_addr)) local.ipi6_ifindex = 0;
    PutLocal(IPPROTO_IPV6, IPV6_PKTINFO, local, &control, &message);
  }
  if (::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
  // The kernel refuses to send from some addresses, a broadcast address for example. Then it may
  // choose the address.
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  static_cast<void>(::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

}  // namespace rpyc
