#include "rpyc/transport/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

absl::StatusOr<AddressList> LookUp(const std::string& host, int port, int family, int flags) {
  if (host.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot resolve \"", absl::CEscape(host), "\": it holds a NUL"));
  }
  addrinfo hints = {};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot resolve \"", host,
        "\": ", error == EAI_SYSTEM ? ErrnoText(errno) : std::string(::gai_strerror(error))));
  }
  return AddressList(found, &::freeaddrinfo);
}

// Does what inet_ntop does. That prints with stdio, which is slow for something that each
// connection needs.
std::string Ipv4Text(const void* network_order) {
  const auto* bytes = static_cast<const uint8_t*>(network_order);
  return absl::StrCat(bytes[0], ".", bytes[1], ".", bytes[2], ".", bytes[3]);
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : size_(size) {
  std::memcpy(&storage_, address, size);
}

absl::StatusOr<SocketAddress> SocketAddress::Resolve(const std::string& host, int port, bool ipv6) {
  const int family = ipv6 || host.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  const absl::StatusOr<AddressList> found = LookUp(host, port, family, AI_PASSIVE);
  if (!found.ok()) return found.status();
  return SocketAddress((*found)->ai_addr, (*found)->ai_addrlen);
}

absl::StatusOr<std::vector<SocketAddress>> SocketAddress::ResolveAll(const std::string& host,
                                                                     int port, bool prefer_ipv6) {
  const absl::StatusOr<AddressList> found = LookUp(host, port, AF_UNSPEC, 0);
  if (!found.ok()) return found.status();
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next) {
    addresses.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  const int preferred = prefer_ipv6 ? AF_INET6 : AF_INET;
  std::stable_partition(addresses.begin(), addresses.end(), [preferred](const SocketAddress& each) {
    return each.family() == preferred;
  });
  return addresses;
}

absl::StatusOr<SocketAddress> SocketAddress::Unix(absl::string_view path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage_);
  if (path.empty() || path.size() >= sizeof(un->sun_path) ||
      path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("unix socket path \"", absl::CEscape(path),
                                                   "\": ", path.size(), " bytes, must be 1 to ",
                                                   sizeof(un->sun_path) - 1, " without NUL"));
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  address.size_ = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return address;
}

SocketAddress SocketAddress::OfLocal(int fd) {
  SocketAddress address;
  ::getsockname(fd, address.mutable_get(), address.mutable_size());
  return address;
}

absl::StatusOr<SocketAddress> SocketAddress::OfListening(int fd) {
  int type = 0, listening = 0;
  socklen_t size = sizeof(int);
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return ErrnoStatus(absl::StatusCode::kInvalidArgument, absl::StrCat("descriptor ", fd), errno);
  }
  const SocketAddress address = OfLocal(fd);
  const bool known =
      address.family() == AF_INET || address.family() == AF_INET6 || address.family() == AF_UNIX;
  if (type != SOCK_STREAM || listening == 0 || !known) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", fd, " is a socket, but not a listening stream socket"));
  }
  return address;
}

Endpoint SocketAddress::ToEndpoint() const {
  Endpoint endpoint;
  switch (family()) {
    case AF_INET: {
      const auto* in = reinterpret_cast<const sockaddr_in*>(&storage_);
      endpoint.host = Ipv4Text(&in->sin_addr);
      endpoint.port = ntohs(in->sin_port);
      break;
    }
    case AF_INET6: {
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
      endpoint.port = ntohs(in6->sin6_port);
      if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        endpoint.host = Ipv4Text(in6->sin6_addr.s6_addr + 12);
        break;
      }
      char text[INET6_ADDRSTRLEN] = "";
      endpoint.host = ::inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
      char interface[IF_NAMESIZE];
      if (in6->sin6_scope_id != 0 && ::if_indextoname(in6->sin6_scope_id, interface) != nullptr) {
        absl::StrAppend(&endpoint.host, "%", interface);
      }
      break;
    }
    case AF_UNIX: {
      // A client's socket has no name: its address is only the family.
      const auto* un = reinterpret_cast<const sockaddr_un*>(&storage_);
      const size_t room = size_ - std::min<size_t>(size_, offsetof(sockaddr_un, sun_path));
      const bool has_no_file = room > 1 && un->sun_path[0] == '\0';
      endpoint.socket_path =
          has_no_file ? absl::StrCat("@", absl::string_view(un->sun_path, room).substr(1))
                      : std::string(un->sun_path, ::strnlen(un->sun_path, room));
      break;
    }
  }
  return endpoint;
}

bool SocketAddress::is_local() const {
  switch (family()) {
    case AF_INET: {
      const auto* in = reinterpret_cast<const sockaddr_in*>(&storage_);
      return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    case AF_INET6: {
      const in6_addr& in6 = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
      return IN6_IS_ADDR_LOOPBACK(&in6) ||
             (IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[12] == IN_LOOPBACKNET);
    }
    default:
      return family() == AF_UNIX;
  }
}

bool SocketAddress::is_ipv6_any() const {
  return family() == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr);
}

}  // namespace rpyc
