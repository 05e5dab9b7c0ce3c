#ifndef RPYC_SERVER_ADMIN_AUDIT_H_
#define RPYC_SERVER_ADMIN_AUDIT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Logs in one line that `peer` asked for a change, and the result:
//   audit: ipv4:127.0.0.1:53422 StartServer servers/calculator (threaded, CALCULATOR): OK
// Control characters in the peer's text are escaped.
void Audit(absl::string_view peer, absl::string_view what, const absl::Status& result);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_AUDIT_H_
