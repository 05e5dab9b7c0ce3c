#ifndef RPYC_TRANSPORT_ENDPOINT_H_
#define RPYC_TRANSPORT_ENDPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// An address where something listens, or from which a peer comes, as people write it.
struct Endpoint {
  std::string host;         // a name or number, without brackets; empty with a socket path
  int port = 0;             // 0..65535
  std::string socket_path;  // for a unix socket

  // "127.0.0.1:18861", "[::1]:18861", "unix:/run/echo.sock".
  std::string ToString() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Reads HOST:PORT, [HOST]:PORT or unix:PATH. HOST may be empty, PORT may not; an IPv6 address needs
// the brackets.
// Errors:  kInvalidArgument - the message names `text`.
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_ENDPOINT_H_
