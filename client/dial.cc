#include "client/dial.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

absl::StatusOr<Socket> Dial(const std::string& host, int port, bool prefer_ipv6,
                            absl::Time deadline) {
  const std::string wanted = Endpoint{.host = host, .port = port, .socket_path = {}}.ToString();
  if (port <= 0 || port > UINT16_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("connect to ", wanted, ": no such port"));
  }
  const absl::StatusOr<std::vector<SocketAddress>> addresses =
      SocketAddress::ResolveAll(host, port, prefer_ipv6);
  if (!addresses.ok()) {
    return absl::Status(addresses.status().code(),
                        absl::StrCat("connect to ", wanted, ": ", addresses.status().message()));
  }
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  std::string failures;
  for (size_t i = 0; i < addresses->size(); ++i) {
    // An address that does not answer leaves time for the next ones.
    const absl::Time now = absl::Now();
    absl::StatusOr<Socket> socket = Socket::Connect(
        (*addresses)[i], now + (deadline - now) / static_cast<int64_t>(addresses->size() - i));
    if (socket.ok()) return socket;
    code = socket.status().code();
    absl::StrAppend(&failures, failures.empty() ? "" : "; ", socket.status().message());
  }
  const bool said = addresses->size() == 1 && addresses->front().ToString() == wanted;
  return absl::Status(code, said ? failures : absl::StrCat("connect to ", wanted, ": ", failures));
}

}  // namespace rpyc
