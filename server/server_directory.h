#ifndef RPYC_SERVER_SERVER_DIRECTORY_H_
#define RPYC_SERVER_SERVER_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/byte_budget.h"
#include "server/server.h"
#include "server/server_kind.h"
#include "server/server_options.h"
#include "server/service_catalog.h"
#include "server/session_ledger.h"
#include "server/watcher.h"
#include "server/zygote.h"

namespace rpyc {

// A server of the directory at one moment.
struct ServerRecord {
  std::string id;      // "calculator"; the resource name is "servers/calculator"
  int64_t number = 0;  // of its start, rising: no two servers ever have the same
  ServerOptions options;
  ServerSnapshot snapshot;
};

// All servers of a host by id: the one place that starts and closes them, for flags and the control
// plane alike. Closed ones stay readable until 100 newer ones have closed.
// Errors carry the contract's reasons (reason.h). Threads: every method from any thread; a slow
// start or close of one server does not hold up the others.
class ServerDirectory {
 public:
  // Kinds that serve in processes of their own have them by `zygote`. What all connections may
  // hold together is `max_total_bytes`; 0: DefaultTotalBytes.
  ServerDirectory(ServiceCatalog catalog, ServerKindTable kinds,
                  std::shared_ptr<Zygote> zygote = nullptr, size_t max_total_bytes = 0);
  // Closes what is open, without draining.
  ~ServerDirectory();

  // Why there is no zygote: the error of a server that needs one says so. Before the first server.
  void SetWhyNoZygote(std::string why) { why_no_zygote_ = std::move(why); }

  // Starts a server and answers it once it listens. An empty `id` is made from the service's name:
  // "calculator", then "calculator-2", ... The id of a closed server may be used again; its old
  // record goes.
  // Errors:  those of Server::Start; SERVER_ALREADY_EXISTS, UNKNOWN_SERVICE, INVALID_FIELD
  //          (server_id); kUnavailable HOST_CLOSING - CloseAll has begun.
  absl::StatusOr<ServerRecord> StartServer(absl::string_view id, const ServerOptions& options);
  // All that StartServer does but bind and start: answers the record it would begin with.
  absl::StatusOr<ServerRecord> CheckServer(absl::string_view id,
                                           const ServerOptions& options) const;

  // Closes one as Server::Close does and answers its final record. `may_close` is asked first, in
  // the same breath: no other close or start comes between. It must not call the directory.
  // Errors:  SERVER_NOT_FOUND; INVALID_SERVER_STATE - closed already, being closed, or not yet
  //          started; those of `may_close`.
  using CloseCondition = absl::FunctionRef<absl::Status(const ServerRecord&)>;
  absl::StatusOr<ServerRecord> CloseServer(
      absl::string_view id, absl::Duration drain_timeout,
      CloseCondition may_close = [](const ServerRecord&) { return absl::OkStatus(); });

  // Has every open server read the files of its TLS again; each logs how that went.
  void ReloadCertificates();

  // Errors:  SERVER_NOT_FOUND.
  absl::StatusOr<ServerRecord> GetServer(absl::string_view id) const;

  // All of them in the order they were started; closed ones only if asked for.
  std::vector<ServerRecord> ListServers(bool show_closed) const;

  // The connections of a server, also of a closed one. Errors:  SERVER_NOT_FOUND.
  absl::StatusOr<std::shared_ptr<SessionLedger>> GetLedger(absl::string_view id) const;

  // Waits until something has changed since `revision` (0: since ever): a server came, went, or has
  // another state; or WakeWaiters was called; or `deadline` has passed. Answers the revision of
  // now.
  int64_t AwaitChange(int64_t revision, absl::Time deadline) const;
  void WakeWaiters();

  // Closes all, at the same time, draining until `drain_timeout` is over, also those whose drain
  // had more time. No server can be started afterwards.
  void CloseAll(absl::Duration drain_timeout);

  // Whether CloseAll has begun.
  bool closing() const;

  // Over all servers that have ever been.
  struct Totals {
    int64_t servers_open = 0;
    int64_t connections_open = 0;
    int64_t connections_total = 0;
    int64_t calls_total = 0;
    int64_t abandoned_calls = 0;  // of closed servers
  };
  Totals GetTotals() const;

  const ServiceCatalog& catalog() const { return catalog_; }
  const ServerKindTable& kinds() const { return kinds_; }
  // Null: the program has none.
  const std::shared_ptr<Zygote>& zygote() const { return zygote_; }

 private:
  struct Table;
  absl::StatusOr<const Service*> FindService(absl::string_view name) const;

  const ServiceCatalog catalog_;
  const ServerKindTable kinds_;
  // `error`, and why there is no zygote if a server of that kind needs one.
  absl::Status WithWhyNoZygote(absl::Status error, absl::string_view kind) const;

  const std::shared_ptr<Zygote> zygote_;
  std::string why_no_zygote_;
  // Both of all servers.
  const std::shared_ptr<ByteBudget> budget_;
  const std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>(budget_);
  const std::shared_ptr<Table> table_;  // shared with the threads of CloseAll
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_DIRECTORY_H_
