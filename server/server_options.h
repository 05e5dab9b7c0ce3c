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

// Describes one server: the plain form of the control plane's ServerSpec. It holds no pointers, so
// that it can be sent to another process. Every field has an initializer, so that
// {.kind = kind, .service = "ECHO"} compiles without a warning.
struct ServerOptions {
  std::string kind = "";         // a name from the ServerKindTable
  std::string service = "";      // an RPyC service name, case-insensitive
  std::string hostname = "";     // empty: 127.0.0.1, or ::1 with ipv6; "::" takes IPv4 too
  int port = 0;                  // 0 picks one
  std::string socket_path = "";  // a unix socket instead of hostname and port
  // A listening socket that this process inherited or made itself, instead of the fields that say
  // where to listen; -1: none. The server uses a duplicate. The caller should close the descriptor
  // once the server has started; otherwise the socket keeps listening after the server closes.
  int listen_fd = -1;
  bool ipv6 = false;
  bool ipv6_only = false;       // hostname "::" takes no IPv4 connections
  bool allow_insecure = false;  // lets it listen without TLS where other machines reach it
  int backlog = 0;              // 0: SOMAXCONN
  bool reuse_addr = true;
  std::optional<TlsOptions> tls = std::nullopt;
  absl::Duration handshake_timeout = absl::Seconds(10);  // for TLS and authenticator together
  // Options that only some kinds have; 0 is the default, which option_checks.cc lists.
  int nbthreads = 0;
  int request_batch_size = 0;
  int loops = 0;
  int fiber_stack_kib = 0;
  int max_fibers = 0;
  // Options of kinds that serve in processes: the private memory beyond what a connection's process
  // begins with, its processor time, and its niceness (0 to 19). 0: no limit, not nicer.
  int64_t max_memory_bytes = 0;
  absl::Duration max_cpu_time = absl::ZeroDuration();
  int niceness = 0;
  std::string user = "";          // the user that the processes run as; empty: the host's
  int64_t max_sessions = 20'000;  // a connection beyond it is accepted and closed at once
  ProtocolConfig protocol_config = {};
  Limits limits = {};
  // The registry to announce the server to, while it listens.
  std::optional<RegistrarOptions> registrar = std::nullopt;
  // Unset: true if a registrar is given. True without a registrar: announces by broadcast, as RPyC
  // does.
  std::optional<bool> auto_register = std::nullopt;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_OPTIONS_H_
