#ifndef RPYC_PROTOCOL_CONFIG_H_
#define RPYC_PROTOCOL_CONFIG_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// RPyC's connection configuration, by its own names and with its own defaults.
// A key that only Python can honour has no field.
// Source:  RPyC core/protocol.py, DEFAULT_CONFIG, 5.3.1 and 6.0.2.
struct ProtocolConfig {
  bool allow_safe_attrs = true;
  bool allow_exposed_attrs = true;
  bool allow_public_attrs = false;
  bool allow_all_attrs = false;
  // The names that allow_safe_attrs lets through. If unset, they are RPyC's own (access_policy.h,
  // IsSafeAttr).
  std::optional<absl::flat_hash_set<std::string>> safe_attrs;
  std::string exposed_prefix = "exposed_";
  bool allow_getattr = true;
  bool allow_setattr = false;
  bool allow_delattr = false;
  bool include_local_traceback = true;
  bool include_local_version = true;
  // How long a request of ours to the peer may take; infinite where RPyC says None or negative.
  absl::Duration sync_request_timeout = absl::Seconds(30);
  // A label for the connection in logs; empty: none.
  std::string connid;
  // The wire dialect: 5 (RPyC 4 and 5), 6, or 0 to tell it by the peer's first frame. Not RPyC's.
  int dialect = 0;
  // Messages say which thread sends them and which they are for. Both sides must have it on; no
  // peer before 5.3.1 can.
  bool bind_threads = false;
};

}  // namespace rpyc

#endif  // RPYC_PROTOCOL_CONFIG_H_
