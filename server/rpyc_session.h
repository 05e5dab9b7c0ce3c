#ifndef RPYC_SERVER_RPYC_SESSION_H_
#define RPYC_SERVER_RPYC_SESSION_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/byte_budget.h"
#include "rpyc/connection.h"
#include "rpyc/service.h"
#include "rpyc/throttle.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/tls_context.h"
#include "server/complaints.h"
#include "server/session.h"
#include "server/session_ledger.h"
#include "server/watcher.h"

namespace rpyc {

// What all sessions of a server have in common. The sessions keep it alive.
struct SessionSetup {
  // The connections may hold options.limits.max_total_bytes. They count in `host_budget` too,
  // unless that is null.
  SessionSetup(Service service, Connection::Options options, std::shared_ptr<Watcher> watcher,
               std::shared_ptr<TlsContext> tls, absl::Duration handshake_timeout,
               std::shared_ptr<ByteBudget> host_budget = nullptr)
      : service(std::move(service)),
        host_budget(std::move(host_budget)),
        budget(kBudgetName, MaxTotalBytes(options.limits), this->host_budget.get()),
        newcomers("what connections may hold before their first whole message",
                  budget.max_bytes() / kNewcomersFraction, &budget),
        options(Connection::Options{std::move(options.limits), std::move(options.config), &budget,
                                    &newcomers}),
        watcher(std::move(watcher)),
        tls(std::move(tls)),
        handshake_timeout(handshake_timeout) {}

  // Reads the certificates again if their files have changed, and logs that. Call it before a
  // session is made.
  void RefreshTls() const;
  // Logs how the session of `peer` has ended. Anything that reaches the port can cause handshakes
  // that time out, so these are logged once a second at most, with the number of the others.
  void LogEnd(const std::string& peer, const absl::Status& end) const;
  // The peer's name for the log: "127.0.0.1:53422", with the operator's label if there is one.
  std::string PeerNameOf(const Socket& socket) const;

  // How errors name the server's ByteBudget.
  static constexpr char kBudgetName[] = "the server's max_total_bytes";
  // Connections that have sent no whole message yet may together hold this fraction of
  // max_total_bytes: one part in so many.
  static constexpr size_t kNewcomersFraction = 8;
  // A server without a number of its own is bounded by the host's budget alone.
  static size_t MaxTotalBytes(const Limits& limits) {
    constexpr size_t kNone = std::numeric_limits<int64_t>::max();
    return limits.max_total_bytes == 0 ? kNone : limits.max_total_bytes;
  }

  const Service service;
  const std::shared_ptr<ByteBudget> host_budget;
  ByteBudget budget;
  ByteBudget newcomers;
  const Connection::Options options;
  const std::shared_ptr<Watcher> watcher;
  const std::shared_ptr<TlsContext> tls;   // null: no TLS
  const absl::Duration handshake_timeout;  // bounds TLS and the authenticator together
  // The server's name in the log, as RPyC has it: "ECHO/18861". Set before the first session.
  std::string label;
  // Null in the process of one connection: the host enters that connection in its ledger.
  std::shared_ptr<SessionLedger> ledger = std::make_shared<SessionLedger>();
  // Logs the complaints about peers.
  const std::shared_ptr<Complaints> complaints = std::make_shared<Complaints>();
  // The counters of the only connection, in the process of one. Null: each connection has its own.
  ConnectionCounters* counters = nullptr;

 private:
  // Logs a handshake that timed out, or counts it.
  // Threads: any.
  void LogHandshakeTimeout(const std::string& peer, const absl::Status& end) const;

  mutable Throttle timeout_log_{absl::Seconds(1)};
};

// The Session of an ordinary RPyC connection: the TLS handshake, the service's authenticator, then
// RPyC. It enters itself in the ledger and logs how it ended.
// Threads: as Session.
class RpycSession : public Session, private Watcher::Watched {
 public:
  RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup);
  ~RpycSession() override;

  const std::string& peer() const override { return peer_; }
  absl::Status ServeAll() override;
  void ServeBy(Arm arm) override;
  std::optional<absl::Status> ServeArrived(int request_budget) override;
  void Drain(absl::Time deadline) override;
  void Shutdown() override { connection_.Shutdown(); }
  bool busy() const override { return connection_.busy(); }

 private:
  enum class Phase { kCreated, kAuthenticating, kServing, kOver };
  // The TLS handshake and the authentication of the peer, as far as they have come.
  struct Handshake;

  // Changes phase_, which must be `from`, to `to`.
  // Threads: the one in ServeAll or ServeBy, and then as Authenticate.
  void ChangePhase(Phase from, Phase to);
  // Makes the connection's stream, with TLS if the server has it, and handshake_. Called by the
  // constructor only.
  std::unique_ptr<Stream> MakeStream(Socket socket);
  // Goes on with the handshake until it is done or `deadline` has passed; InfinitePast: it does not
  // wait. Resets handshake_ when it is done.
  // Errors:  kDeadlineExceeded - not done yet, and handshake_->wants says what to wait for;
  //          others - the peer is refused.
  // Threads: one at a time: the one in ServeAll, or the one that holds is_authenticating_.
  absl::Status Authenticate(absl::Time deadline);
  // Aborts the connection because of `why`, or because of handshake_timeout if that has passed.
  // Threads: as Authenticate.
  void Refuse(absl::Status why);
  // Goes on with the handshake if it is not done, and then serves at most `request_budget`
  // requests.
  // Threads: any; no lock need be held.
  void AuthenticateOrServe(int request_budget);
  // Watcher::Watched: ticks the connection, or ends a handshake that takes too long.
  // Threads: the watcher's.
  void Tick() override;
  // Ends the connection, the watching and the ledger's entry, and logs. Returns how the session
  // ended.
  // Threads: the one that has ended the session; it is called once.
  absl::Status End();

  const std::shared_ptr<SessionSetup> setup_;
  const std::string peer_;
  std::unique_ptr<Handshake> handshake_;  // null: it is done; used by one thread at a time
  Connection connection_;
  Arm arm_;  // null: ServeAll serves
  // When a handshake that is not done yet is ended.
  const absl::Time handshake_deadline_;
  std::atomic<bool> handshake_timed_out_{false};
  std::atomic<Phase> phase_{Phase::kCreated};
  std::atomic<bool> is_authenticating_{false};  // a thread runs Authenticate
  std::atomic<int> serving_threads_{0};         // threads in ServeArrived
  int64_t number_ = 0;  // the number in the ledger; 0: it is not there, or has ended
};

}  // namespace rpyc

#endif  // RPYC_SERVER_RPYC_SESSION_H_
