#ifndef RPYC_SERVER_SERVER_OPTIONS_H_
#define RPYC_SERVER_SERVER_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "registry/registrar_options.h"
#include "rpyc/limits.h"
#include "rpyc/protocol_config.h"
#include "rpyc/transport/tls_options.h"

namespace rpyc {

// What one server is asked to be: the plain form of the control plane's ServerSpec. Holds no
// pointer, so that it can cross to another process. Every field has an initializer, so that
// {.kind = "threaded", .service = "ECHO"} is one without a warning.
struct ServerOptions {
  std::string kind = "";         // a name from the ServerKindTable
  std::string service = "";      // an RPyC service name, case-insensitive
  std::string hostname = "";     // empty: 127.0.0.1, or ::1 with ipv6; "::" is IPv4 too
  int port = 0;                  // 0 picks one
  std::string socket_path = "";  // a unix socket instead of hostname and port
  // A listening socket that this process inherited or made itself, instead of all that says where;
  // -1: none. The server works on a duplicate and leaves the descriptor to the caller, who should
  // close it once the server has started: until then the socket listens on when the server closes.
  int listen_fd = -1;
  bool ipv6 = false;
  bool ipv6_only = false;       // hostname "::" takes no IPv4 connections
  bool allow_insecure = false;  // may listen off loopback without TLS
  int backlog = 0;              // 0: SOMAXCONN
  bool reuse_addr = true;
  std::optional<TlsOptions> tls = std::nullopt;
  absl::Duration handshake_timeout = absl::Seconds(10);  // for TLS and the authenticator, together
  int nbthreads = 0;                                     // of kinds that have this option; 0: 10
  int request_batch_size = 0;                            // the same
  int loops = 0;                                         // the same; 0: 1
  int fiber_stack_kib = 0;                               // the same; 0: 512
  int max_fibers = 0;                                    // the same; 0: 10,000
  // Of kinds that serve in processes. What a connection's process may use: private memory beyond
  // what it begins with, processor time, and how nice it is (0 to 19); 0: no limit, and not nicer.
  int64_t max_memory_bytes = 0;
  absl::Duration max_cpu_time = absl::ZeroDuration();
  int niceness = 0;
  std::string user = "";          // whose the processes are, by name; empty: the host's
  int64_t max_sessions = 20'000;  // a connection over it is accepted and closed at once
  ProtocolConfig protocol_config = {};
  Limits limits = {};
  // The registry to announce the server to, while it listens.
  std::optional<RegistrarOptions> registrar = std::nullopt;
  // Unset: if a registrar is given. True without one: to whoever hears a broadcast, as RPyC does.
  std::optional<bool> auto_register = std::nullopt;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_OPTIONS_H_
