#ifndef CLIENT_DIAL_H_
#define CLIENT_DIAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/transport/socket.h"

namespace rpyc {

// Connects to the first address of `host` that takes it, those of the preferred family first.
// Looking the name up is not bounded by `deadline`.
// Errors:  kInvalidArgument - no such host, or no such port; kUnavailable, kDeadlineExceeded. All
//          name host and port.
absl::StatusOr<Socket> Dial(const std::string& host, int port, bool prefer_ipv6,
                            absl::Time deadline);

}  // namespace rpyc

#endif  // CLIENT_DIAL_H_
