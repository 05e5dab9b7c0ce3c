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

// The state of a server at one moment.
struct ServerSnapshot {
  ServerState state = ServerState::kStarting;
  std::string hostname;     // as bound, numeric; empty for a unix socket
  int port = 0;             // as bound
  std::string socket_path;  // empty unless it is a unix socket
  absl::Time start_time;
  int64_t connections_total = 0;
  int64_t connections_open = 0;
  int64_t connections_refused = 0;  // over max_sessions, or without resources
  int64_t calls_total = 0;
  int64_t calls_failed = 0;
  int64_t abandoned_calls = 0;  // still ran when the server had closed
  std::optional<ServerKindStats::Workers> workers;
  std::optional<ServerKindStats::Fibers> fibers;
  absl::Status last_error;

  // The address that clients use: "127.0.0.1:18861", "[::1]:18861", "unix:/run/echo.sock".
  std::string address() const;
};

// One listener, one service, one kind, and the sessions of its connections. The server listens,
// enforces limits, counts and closes; the kind decides on which thread, process or fiber a
// connection is served.
// Threads: every method from any thread.
class Server {
 public:
  using StateObserver = std::function<void()>;

  // Starts a server, which listens when this returns. Its connections share `watcher`. `zygote`
  // makes their processes, if they have their own. The bytes they hold count for `budget`, the
  // host's, if that is given. `state_changed` is called after each later change of the state, by
  // the thread that made it and under no lock. It must own what it uses: if a call never returns,
  // its last call comes long after the server is gone.
  // Errors:  ADDRESS_IN_USE, BIND_NOT_PERMITTED, INSECURE_LISTENER, INVALID_FIELD, UNKNOWN_KIND
  //          (the message lists the known ones), KIND_UNAVAILABLE, CERTIFICATE_INVALID,
  //          LIMIT_EXCEEDED - out of threads, descriptors or memory.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, const Service& service, const ServerKindTable& kinds,
      std::shared_ptr<Watcher> watcher, StateObserver state_changed = [] {},
      std::shared_ptr<Zygote> zygote = nullptr, std::shared_ptr<ByteBudget> budget = nullptr);
  // Does what Start does except for binding and starting. Returns the options with defaults filled
  // in.
  // Errors:  those of Start, except that it does not notice that a TCP address is in use.
  static absl::StatusOr<ServerOptions> Check(const ServerOptions& options, const Service& service,
                                             const ServerKindTable& kinds);
  // Closes the server without draining, if it is not closed yet.
  ~Server();

  // Stops accepting, closes idle connections at once and busy ones when their call is answered, and
  // shuts the rest when `drain_timeout` is over. Returns once the state is CLOSED, even if a call
  // never returns; abandoned_calls counts such calls. Idempotent. A server of a kind with
  // one_connection closes by itself when its connection has ended.
  void Close(absl::Duration drain_timeout);

  // Reads the TLS files again, for connections to come, and logs the result. After an error the
  // server keeps what it had. Does nothing without TLS.
  // Errors:  CERTIFICATE_INVALID.
  absl::Status ReloadCertificates();

  const ServerOptions& options() const;  // with defaults filled in
  ServerSnapshot Snapshot() const;
  // The records of its connections, which the caller may keep longer than the server.
  const std::shared_ptr<SessionLedger>& ledger() const;

 private:
  class Runner;  // listens, accepts and closes
  explicit Server(std::shared_ptr<Runner> runner);
  const std::shared_ptr<Runner> runner_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_H_
