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
#include "rpyc/transport/socket.h"
#include "rpyc/transport/tls_context.h"
#include "server/complaints.h"
#include "server/session.h"
#include "server/session_ledger.h"
#include "server/watcher.h"

namespace rpyc {

// What all sessions of a server have in common; kept alive by them.
struct SessionSetup {
  // What the connections may hold is options.limits.max_total_bytes, which is part of
  // `host_budget`, unless that is null.
  SessionSetup(Service service, Connection::Options options, std::shared_ptr<Watcher> watcher,
               std::shared_ptr<TlsContext> tls, absl::Duration handshake_timeout,
               std::shared_ptr<ByteBudget> host_budget = nullptr)
      : service(std::move(service)),
        host_budget(std::move(host_budget)),
        budget("the server's max_total_bytes", MaxTotalBytes(options.limits),
               this->host_budget.get()),
        newcomers("what connections may hold before their first whole message",
                  budget.max_bytes() / kNewcomersPart, &budget),
        options(Connection::Options{std::move(options.limits), std::move(options.config), &budget,
                                    &newcomers}),
        watcher(std::move(watcher)),
        tls(std::move(tls)),
        handshake_timeout(handshake_timeout) {}

  // Reads the certificates again if their files have changed, and logs that. Before a session is
  // made.
  void RefreshTls() const;
  // Logs how the session of `peer` has ended. Handshakes that have timed out, which whoever reaches
  // the port can have by the thousand, once a second at most, with the number of the others.
  void LogEnd(const std::string& peer, const absl::Status& end) const;
  // Who is at the other end, for the log: "127.0.0.1:53422", with the operator's label if there is
  // one.
  std::string NameOf(const Socket& socket) const;

  // What connections that have sent no whole message yet may hold, of max_total_bytes.
  static constexpr size_t kNewcomersPart = 8;
  // Without a number of its own a server is bounded by the host alone.
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
  const absl::Duration handshake_timeout;  // for TLS and the service's authenticator together
  std::string
      label;  // of the server, for the log: "ECHO/18861" as RPyC; set before the first session
  // Null in a process of one connection, which the host has in its own.
  std::shared_ptr<SessionLedger> ledger = std::make_shared<SessionLedger>();
  // What is logged about peers.
  const std::shared_ptr<Complaints> complaints = std::make_shared<Complaints>();
  // Where the connection counts, in a process of one connection; null: each for itself.
  ConnectionCounters* counters = nullptr;

 private:
  void LogHandshakeTimeout(const std::string& peer, const absl::Status& end) const;

  mutable std::atomic<int64_t> next_timeout_log_unix_nanos_{0};
  mutable std::atomic<int64_t> unlogged_timeouts_{0};
};

// The Session of an ordinary RPyC connection: TLS, the service's authenticator, RPyC. Enters itself
// in the ledger, logs how it ended.
class RpycSession : public Session, private Watcher::Watched {
 public:
  RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup);
  ~RpycSession() override;

  const std::string& peer() const override { return peer_; }
  absl::Status ServeAll() override;
  void ServeBy(Arm arm) override;
  std::optional<absl::Status> ServeArrived(int most_requests) override;
  void Drain(absl::Time deadline) override;
  void Shutdown() override { connection_.Shutdown(); }
  bool busy() const override { return connection_.busy(); }

 private:
  enum class Phase { kMade, kEntering, kServing, kOver };
  // What it takes to let a peer in that has to say who it is.
  struct Entrance;

  std::unique_ptr<Stream> MakeStream(Socket socket);
  absl::Status Authenticate(absl::Time deadline);
  void Refuse(absl::Status why);
  void Advance(int most_requests);
  void Tick() override;
  absl::Status End();

  const std::shared_ptr<SessionSetup> setup_;
  const std::string peer_;
  std::unique_ptr<Entrance> entrance_;  // null: the peer is in; of one thread at a time
  Connection connection_;
  Arm arm_;  // null: ServeAll
  // After it the peer is shut out, unless it is in.
  const absl::Time entrance_closes_;
  std::atomic<bool> shut_out_{false};
  std::atomic<Phase> phase_{Phase::kMade};
  std::atomic<bool> is_entering_{false};  // a thread lets the peer in
  std::atomic<int> entered_{0};           // threads in ServeArrived
  int64_t number_ = 0;                    // in the ledger, until it has ended; 0: not there
};

}  // namespace rpyc

#endif  // RPYC_SERVER_RPYC_SESSION_H_
