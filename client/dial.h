#ifndef CLIENT_DIAL_H_
#define CLIENT_DIAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/transport/socket.h"

namespace rpyc {

// Connects to the first address of `host` that accepts, trying the preferred family first. The
// deadline does not bound looking up the name.
// Errors:  kInvalidArgument - no such host, or no such port; kUnavailable - refused or unreachable;
//          kDeadlineExceeded. All name host and port.
absl::StatusOr<Socket> Dial(const std::string& host, int port, bool prefer_ipv6,
                            absl::Time deadline);

}  // namespace rpyc

#endif  // CLIENT_DIAL_H_
