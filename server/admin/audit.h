#ifndef RPYC_SERVER_ADMIN_AUDIT_H_
#define RPYC_SERVER_ADMIN_AUDIT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Logs that `peer` asked for a change and what came of it, in one line:
//   audit: ipv4:127.0.0.1:53422 StartServer servers/calculator (threaded, CALCULATOR): OK
// Control characters in what the peer sent are escaped.
void Audit(absl::string_view peer, absl::string_view what, const absl::Status& result);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_AUDIT_H_
