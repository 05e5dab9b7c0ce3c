#ifndef RPYC_SERVER_SERVER_H_
#define RPYC_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/byte_budget.h"
#include "rpyc/service.h"
#include "server/server_kind.h"
#include "server/server_options.h"
#include "server/session_ledger.h"
#include "server/watcher.h"
#include "server/zygote.h"

namespace rpyc {

enum class ServerState { kStarting, kListening, kDraining, kClosed, kFailed };

// A server at one moment.
struct ServerSnapshot {
  ServerState state = ServerState::kStarting;
  std::string hostname;     // as bound, numeric; empty for a unix socket
  int port = 0;             // as bound
  std::string socket_path;  // of a unix socket
  absl::Time start_time;
  int64_t connections_total = 0;
  int64_t connections_open = 0;
  int64_t connections_refused = 0;  // over max_sessions
  int64_t calls_total = 0;
  int64_t calls_failed = 0;
  int64_t abandoned_calls = 0;  // calls that still ran when the server had closed
  std::optional<ServerKindStats::Workers> workers;
  std::optional<ServerKindStats::Fibers> fibers;
  absl::Status last_error;

  // As clients write it: "127.0.0.1:18861", "[::1]:18861", "unix:/run/echo.sock".
  std::string address() const;
};

// One listener, one service, one kind, and the sessions of its connections. Listening, limits,
// counting and shutdown are here; on which thread, process or fiber a connection is served is the
// kind's.
// Threads: every method from any thread.
class Server {
 public:
  using StateObserver = std::function<void()>;

  // Starts a server: it is listening when this returns. Its connections share `watcher`; processes
  // of their own they have by `zygote`. What they hold is part of `budget`, the host's, if that is
  // given.
  // `state_changed` is called after each later change of its state, by the thread that made it and
  // under no lock. It owns what it uses: where a call never returns, its last call comes when the
  // server is long gone. Errors:  with the contract's reasons: ADDRESS_IN_USE, BIND_NOT_PERMITTED,
  // INSECURE_LISTENER,
  //          INVALID_FIELD, UNKNOWN_KIND (message lists the known ones), KIND_UNAVAILABLE,
  //          CERTIFICATE_INVALID,
  //          LIMIT_EXCEEDED - out of threads, descriptors or memory.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, const Service& service, const ServerKindTable& kinds,
      std::shared_ptr<Watcher> watcher, StateObserver state_changed = [] {},
      std::shared_ptr<Zygote> zygote = nullptr, std::shared_ptr<ByteBudget> budget = nullptr);
  // All that Start does but bind and start; answers the options with defaults filled in.
  // Errors:  as Start's, except that of a TCP address it is not known whether it is free.
  static absl::StatusOr<ServerOptions> Check(const ServerOptions& options, const Service& service,
                                             const ServerKindTable& kinds);
  // Closes it without draining if that has not been done.
  ~Server();

  // Stops accepting; closes idle connections at once and busy ones when their call is answered; at
  // the end of `drain_timeout` shuts the rest. Returns once the state is CLOSED, also when a call
  // never returns: that one is counted in abandoned_calls. Idempotent. A server of a kind with
  // one_connection closes by itself when that has ended.
  void Close(absl::Duration drain_timeout);

  // Reads the files of its TLS again, for connections to come, and logs that. What is no good
  // leaves all as it was. A server without TLS has none. Errors:  CERTIFICATE_INVALID.
  absl::Status ReloadCertificates();

  const ServerOptions& options() const;  // with defaults filled in
  ServerSnapshot Snapshot() const;
  // Its connections; stays when the server has gone.
  const std::shared_ptr<SessionLedger>& ledger() const;

 private:
  class Runner;
  explicit Server(std::shared_ptr<Runner> runner);
  const std::shared_ptr<Runner> runner_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_H_
