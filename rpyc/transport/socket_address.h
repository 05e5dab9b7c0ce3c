#ifndef RPYC_TRANSPORT_SOCKET_ADDRESS_H_
#define RPYC_TRANSPORT_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/endpoint.h"

namespace rpyc {

// Holds an address in the kernel's form: an internet address, or the path of a unix socket. It is a
// value.
class SocketAddress {
 public:
  // Looks up `host` for listening or connecting, and takes the first answer, as RPyC does. It may
  // wait for a name server. A numeric IPv6 address is taken as such even without `ipv6`.
  // Errors:  kInvalidArgument - no such host.
  static absl::StatusOr<SocketAddress> Resolve(const std::string& host, int port, bool ipv6);
  // Looks up all addresses of `host` to connect to, with those of the preferred family first.
  // Errors:  as Resolve.
  static absl::StatusOr<std::vector<SocketAddress>> ResolveAll(const std::string& host, int port,
                                                               bool prefer_ipv6);
  // Returns the address of a unix socket.
  // Errors:  kInvalidArgument - the path is empty, too long for the kernel (107 bytes), or has a
  //          NUL.
  static absl::StatusOr<SocketAddress> Unix(absl::string_view path);
  // The address that a socket is bound to.
  static SocketAddress OfLocal(int fd);
  // Does what OfLocal does, and checks that `fd` is a listening socket.
  // Errors:  kInvalidArgument - it is no listening stream socket, TCP or unix.
  static absl::StatusOr<SocketAddress> OfListening(int fd);

  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // The numeric form. An IPv4 address in IPv6's form (::ffff:127.0.0.1), which the IPv4 peers of an
  // IPv6 listener have, is written as IPv4. The name of a unix socket without a file is written
  // @NAME.
  Endpoint ToEndpoint() const;
  std::string ToString() const { return ToEndpoint().ToString(); }
  // Whether only this machine can reach it.
  bool is_local() const;
  // Whether it is [::], which stands for all addresses of this machine.
  bool is_ipv6_any() const;
  int family() const { return storage_.ss_family; }

  // These are for system calls that read or fill an address.
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
