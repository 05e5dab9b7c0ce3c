#include "server/listen_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/unix_path.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// The field that says where to listen.
absl::string_view PlaceField(const ServerOptions& options) {
  if (options.listen_fd >= 0) return "listen_fd";
  return options.socket_path.empty() ? "spec.hostname" : "spec.socket_path";
}

// The field that says which port, or "" if there is no such field.
absl::string_view PortField(const ServerOptions& options) {
  return options.listen_fd < 0 && options.socket_path.empty() ? "spec.port" : "";
}

// Refuses fields that mean something only for a TCP address.
absl::Status CheckNoInternet(const ServerOptions& options, absl::string_view why) {
  const char* foreign = !options.hostname.empty() ? "spec.hostname"
                        : options.port != 0       ? "spec.port"
                        : options.ipv6            ? "spec.ipv6"
                        : options.ipv6_only       ? "spec.ipv6_only"
                                                  : nullptr;
  if (foreign == nullptr) return absl::OkStatus();
  return InvalidField(foreign, absl::StrCat(foreign, " is set, but ", why));
}

// The address of a socket that listens already. Refuses the fields that it has no use for, and
// fills in those that say where it listens.
absl::StatusOr<SocketAddress> InheritedAddress(ServerOptions* options) {
  constexpr absl::string_view kWhy = "an inherited socket listens already, as it is";
  absl::Status status = CheckNoInternet(*options, kWhy);
  const char* foreign = !options->socket_path.empty() ? "spec.socket_path"
                        : options->backlog != 0       ? "spec.backlog"
                        : !options->reuse_addr        ? "spec.reuse_addr"
                                                      : nullptr;
  if (status.ok() && foreign != nullptr) {
    status = InvalidField(foreign, absl::StrCat(foreign, " is set, but ", kWhy));
  }
  if (!status.ok()) return status;
  absl::StatusOr<SocketAddress> address = SocketAddress::OfListening(options->listen_fd);
  if (!address.ok()) return address.status();
  const Endpoint endpoint = address->ToEndpoint();
  options->hostname = endpoint.host;
  options->port = endpoint.port;
  options->socket_path = endpoint.socket_path;
  options->ipv6 = address->family() == AF_INET6;
  int ipv6_only = 0;
  socklen_t size = sizeof(ipv6_only);
  options->ipv6_only =
      address->is_ipv6_any() &&
      ::getsockopt(options->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, &size) == 0 &&
      ipv6_only != 0;
  return address;
}

absl::StatusOr<SocketAddress> InternetAddress(ServerOptions* options) {
  if (options->hostname.empty()) options->hostname = options->ipv6 ? "::1" : "127.0.0.1";
  absl::StatusOr<SocketAddress> address =
      SocketAddress::Resolve(options->hostname, options->port, options->ipv6);
  if (address.ok() && options->ipv6_only && !address->is_ipv6_any()) {
    return InvalidField("spec.ipv6_only",
                        absl::StrCat("spec.ipv6_only is set, but ", address->ToString(),
                                     " is of one family anyway; :: is of both"));
  }
  return address;
}

}  // namespace

absl::StatusOr<SocketAddress> ListenAddress(ServerOptions* options) {
  absl::Status status = CheckRange("spec.port", options->port, 0, 65535);
  status.Update(CheckRange("spec.backlog", options->backlog, 0, INT32_MAX));
  if (status.ok() && options->listen_fd < 0 && !options->socket_path.empty()) {
    status = CheckNoInternet(*options, "a unix socket has only its path");
  }
  if (!status.ok()) return status;
  absl::StatusOr<SocketAddress> address = options->listen_fd >= 0 ? InheritedAddress(options)
                                          : options->socket_path.empty()
                                              ? InternetAddress(options)
                                              : SocketAddress::Unix(options->socket_path);
  if (!address.ok()) {
    return WithListenReason(address.status(), PlaceField(*options), PortField(*options));
  }
  return address;
}

absl::StatusOr<std::unique_ptr<SocketListener>> OpenListener(const ServerOptions& options,
                                                             const SocketAddress& address) {
  absl::StatusOr<std::unique_ptr<SocketListener>> listener =
      options.listen_fd >= 0 ? SocketListener::Inherit(options.listen_fd)
                             : SocketListener::Open(address, {.backlog = options.backlog,
                                                              .reuse_addr = options.reuse_addr,
                                                              .ipv6_only = options.ipv6_only});
  if (!listener.ok()) {
    return WithListenReason(listener.status(), PlaceField(options), PortField(options));
  }
  return listener;
}

absl::Status CheckListener(const ServerOptions& options) {
  if (options.listen_fd >= 0 || options.socket_path.empty()) return absl::OkStatus();
  return WithListenReason(UnixPath::Check(options.socket_path), PlaceField(options));
}

}  // namespace rpyc
