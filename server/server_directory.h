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

// The state of a directory's server at one moment.
struct ServerRecord {
  std::string id;      // "calculator"; the resource name is "servers/calculator"
  int64_t number = 0;  // counts the starts, so no two servers have the same
  ServerOptions options;
  ServerSnapshot snapshot;
};

// The servers of a host by id. Flags and the control plane start and close servers only through it.
// The records of closed servers stay readable until 100 newer ones have closed.
// Errors:  carry a reason (reason.h).
// Threads: every method from any thread; a slow start or close of one server does not delay others.
class ServerDirectory {
 public:
  // `zygote` makes the processes of kinds that serve in processes. `max_total_bytes` bounds what
  // all connections may hold together; 0 is DefaultTotalBytes().
  ServerDirectory(ServiceCatalog catalog, ServerKindTable kinds,
                  std::shared_ptr<Zygote> zygote = nullptr, size_t max_total_bytes = 0);
  // Closes all servers without draining.
  ~ServerDirectory();

  // Says why there is no zygote; the error of a server that needs one contains it.
  // Threads: to be called before the first StartServer.
  void SetWhyNoZygote(std::string why) { why_no_zygote_ = std::move(why); }

  // Starts a server and returns its record once it listens. An empty `id` is made from the
  // service's name: "calculator", then "calculator-2", ... The id of a closed server may be used
  // again; this drops its old record.
  // Errors:  those of Server::Start; SERVER_ALREADY_EXISTS, UNKNOWN_SERVICE, INVALID_FIELD
  //          (server_id); kUnavailable HOST_CLOSING - CloseAll has begun.
  absl::StatusOr<ServerRecord> StartServer(absl::string_view id, const ServerOptions& options);
  // Does what StartServer does except for binding and starting. Returns the record that the server
  // would have.
  absl::StatusOr<ServerRecord> CheckServer(absl::string_view id,
                                           const ServerOptions& options) const;

  // Closes a server as Server::Close does, and returns its final record. `may_close` is called
  // before, under the directory's lock, so that no other close or start comes between; it must not
  // call the directory.
  // Errors:  SERVER_NOT_FOUND; INVALID_SERVER_STATE - closed already, being closed, or not started
  //          yet; those of `may_close`.
  using CloseCondition = absl::FunctionRef<absl::Status(const ServerRecord&)>;
  absl::StatusOr<ServerRecord> CloseServer(
      absl::string_view id, absl::Duration drain_timeout,
      CloseCondition may_close = [](const ServerRecord&) { return absl::OkStatus(); });

  // Makes every open server read its TLS files again; each logs the result.
  void ReloadCertificates();

  // Errors:  SERVER_NOT_FOUND.
  absl::StatusOr<ServerRecord> GetServer(absl::string_view id) const;

  // The servers in the order of their starts; closed ones only with `show_closed`.
  std::vector<ServerRecord> ListServers(bool show_closed) const;

  // The records of the connections of a server, which may be closed.
  // Errors:  SERVER_NOT_FOUND.
  absl::StatusOr<std::shared_ptr<SessionLedger>> GetLedger(absl::string_view id) const;

  // Waits until a server has come, gone or changed its state since `revision`, WakeWaiters is
  // called, or `deadline` passes. Returns the present revision. With the revision 0 it does not
  // wait.
  int64_t AwaitChange(int64_t revision, absl::Time deadline) const;
  void WakeWaiters();

  // Closes all servers at the same time, draining until `drain_timeout` is over; that also shortens
  // a longer drain that runs already. No server can be started afterwards.
  void CloseAll(absl::Duration drain_timeout);

  // Whether CloseAll has begun.
  bool closing() const;

  // Holds sums over all servers so far.
  struct Totals {
    int64_t servers_open = 0;
    int64_t connections_open = 0;
    int64_t connections_total = 0;
    int64_t calls_total = 0;
    int64_t abandoned_calls = 0;  // only of closed servers
  };
  Totals GetTotals() const;

  const ServiceCatalog& catalog() const { return catalog_; }
  const ServerKindTable& kinds() const { return kinds_; }
  // Null: the program has none.
  const std::shared_ptr<Zygote>& zygote() const { return zygote_; }

 private:
  struct Table;  // the servers' records
  absl::StatusOr<const Service*> FindService(absl::string_view name) const;

  // Adds why there is no zygote to `error`, if a server of that kind needs one.
  absl::Status WithWhyNoZygote(const absl::Status& error, absl::string_view kind) const;

  const ServiceCatalog catalog_;
  const ServerKindTable kinds_;
  const std::shared_ptr<Zygote> zygote_;
  std::string why_no_zygote_;
  // Shared by all servers.
  const std::shared_ptr<ByteBudget> budget_;
  const std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>(budget_);
  const std::shared_ptr<Table> table_;  // shared with the threads of CloseAll
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SERVER_DIRECTORY_H_
