#ifndef RPYC_TRANSPORT_SOCKET_ADDRESS_H_
#define RPYC_TRANSPORT_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/endpoint.h"

namespace rpyc {

// An address in the kernel's form: of the internet, or the path of a unix socket. A value.
class SocketAddress {
 public:
  // Looks `host` up for listening or connecting; may wait for a name server. A numeric IPv6 address
  // is one whatever `ipv6` says; the first answer is taken, as RPyC does.
  // Errors:  kInvalidArgument - no such host.
  static absl::StatusOr<SocketAddress> Resolve(const std::string& host, int port, bool ipv6);
  // All addresses to connect to for `host`, those of the preferred family first. Errors as Resolve.
  static absl::StatusOr<std::vector<SocketAddress>> ResolveAll(const std::string& host, int port,
                                                               bool prefer_ipv6);
  // Errors:  kInvalidArgument - empty, too long for the kernel (107 bytes), or holds a NUL.
  static absl::StatusOr<SocketAddress> Unix(absl::string_view path);
  // The address that a socket is bound to.
  static SocketAddress OfLocal(int fd);
  // As OfLocal, of a socket of which it is not known what it is.
  // Errors:  kInvalidArgument - no listening stream socket of the internet or of unix.
  static absl::StatusOr<SocketAddress> OfListening(int fd);

  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // The numeric form. An IPv4 address as IPv6 has it (::ffff:127.0.0.1), such as peers of a
  // listener for both have, is written as IPv4; a unix socket's name without a file as @NAME.
  Endpoint ToEndpoint() const;
  std::string ToString() const { return ToEndpoint().ToString(); }
  // Whether only this machine can reach it.
  bool is_local() const;
  // Whether it is [::], the addresses of all families.
  bool is_ipv6_any() const;
  int family() const { return storage_.ss_family; }

  // For system calls that read or fill an address.
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* mutable_get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  socklen_t* mutable_size() { return &size_; }

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = sizeof(storage_);
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_SOCKET_ADDRESS_H_
