#ifndef RPYC_SERVER_SERVER_OPTIONS_H_
#define RPYC_SERVER_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>

#include "rpyc/limits.h"
#include "rpyc/protocol_config.h"

namespace rpyc {

// What one server is asked to be: the plain form of the control plane's ServerSpec. Holds no
// pointer, so that it can cross to another process. Every field has an initializer, so that
// {.kind = "threaded", .service = "ECHO"} is one without a warning.
struct ServerOptions {
  std::string kind = "";         // a name from the ServerKindTable
  std::string service = "";      // an RPyC service name, case-insensitive
  std::string hostname = "";     // empty: 127.0.0.1, or ::1 with ipv6
  int port = 0;                  // 0 picks one
  std::string socket_path = "";  // a unix socket instead of hostname and port
  bool ipv6 = false;
  bool allow_insecure = false;  // may listen off loopback without TLS
  int backlog = 0;              // 0: SOMAXCONN
  bool reuse_addr = true;
  int64_t max_sessions = 20'000;  // a connection over it is accepted and closed at once
  ProtocolConfig protocol_config = {};
  Limits limits = {};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_OPTIONS_H_
