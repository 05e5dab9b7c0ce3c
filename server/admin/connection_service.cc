#include "server/admin/connection_service.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rpyc/admin/v1/connection_service.grpc.pb.h"
#include "server/admin/audit.h"
#include "server/admin/pages.h"
#include "server/admin/proto_time.h"
#include "server/admin/request_checks.h"
#include "server/admin/resource_name.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"
#include "server/session_ledger.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

// A server's id and the records of its connections.
struct ServerLedger {
  std::string server_id;
  std::shared_ptr<SessionLedger> ledger;
};

v1::Connection ToProto(absl::string_view server_id, const ConnectionRecord& record) {
  v1::Connection proto;
  proto.set_name(ConnectionResourceName(server_id, record.number));
  proto.set_state(record.authenticating ? v1::Connection::ENTERING : v1::Connection::SERVING);
  proto.set_peer(record.peer);
  *proto.mutable_start_time() = ToTimestamp(record.start_time);
  proto.set_dialect(record.dialect);
  proto.set_busy(record.busy);
  proto.set_calls_total(record.calls_total);
  proto.set_calls_failed(record.calls_failed);
  proto.set_received_bytes(record.received_bytes);
  proto.set_sent_bytes(record.sent_bytes);
  proto.set_process_id(record.process_id);
  if (!record.end.has_value()) return proto;
  proto.set_state(v1::Connection::CLOSED);
  *proto.mutable_close_time() = ToTimestamp(record.end->time);
  if (!record.end->status.ok()) {
    *proto.mutable_close_status() = StatusToProto(record.end->status);
  }
  return proto;
}

absl::Status NotFound(absl::string_view name) {
  return ReasonStatus(absl::StatusCode::kNotFound, "CONNECTION_NOT_FOUND",
                      absl::StrCat(name, " not found"), {{"field", "name"}});
}

class ConnectionService final : public v1::ConnectionService::Service {
 public:
  explicit ConnectionService(ServerDirectory* directory) : directory_(*directory) {}

  grpc::Status ListConnections(grpc::ServerContext*, const v1::ListConnectionsRequest* request,
                               v1::ListConnectionsResponse* response) override {
    return StatusToGrpc(List(*request, response));
  }

  grpc::Status GetConnection(grpc::ServerContext*, const v1::GetConnectionRequest* request,
                             v1::Connection* response) override {
    return StatusToGrpc(Get(*request, response));
  }

  // Holds its thread until the connection has ended; gRPC starts another thread for the next call.
  grpc::Status CloseConnection(grpc::ServerContext* context,
                               const v1::CloseConnectionRequest* request,
                               v1::Connection* response) override {
    const absl::Status closed = Close(*request, response);
    Audit(context->peer(), absl::StrCat("CloseConnection ", request->name()), closed);
    return StatusToGrpc(closed);
  }

  grpc::Status ListRecentCloses(grpc::ServerContext*, const v1::ListRecentClosesRequest* request,
                                v1::ListRecentClosesResponse* response) override {
    return StatusToGrpc(ListCloses(*request, response));
  }

 private:
  // The ledgers of the server that `parent` names, or of all servers.
  absl::StatusOr<std::vector<ServerLedger>> Ledgers(const std::string& parent,
                                                    bool closed_servers) const {
    const absl::StatusOr<std::optional<std::string>> id = ParseServerParent(parent);
    if (!id.ok()) return id.status();
    std::vector<ServerLedger> servers;
    if (id->has_value()) {
      absl::StatusOr<std::shared_ptr<SessionLedger>> ledger = directory_.GetLedger(**id);
      if (!ledger.ok()) return ledger.status();
      servers.push_back({**id, *std::move(ledger)});
      return servers;
    }
    for (ServerRecord& server : directory_.ListServers(closed_servers)) {
      absl::StatusOr<std::shared_ptr<SessionLedger>> ledger = directory_.GetLedger(server.id);
      if (ledger.ok()) servers.push_back({std::move(server.id), *std::move(ledger)});
    }
    return servers;
  }

  absl::Status List(const v1::ListConnectionsRequest& request,
                    v1::ListConnectionsResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<std::vector<ServerLedger>> servers =
        Ledgers(request.parent(), /*closed_servers=*/false);
    if (!servers.ok()) return servers.status();
    std::vector<std::pair<int64_t, const ServerLedger*>> open;
    for (const ServerLedger& server : *servers) {
      for (const int64_t number : server.ledger->Numbers()) open.emplace_back(number, &server);
    }
    std::sort(open.begin(), open.end());
    return AnswerPage(
        absl::StrCat("connections of ", request.parent()),
        KeysOf(open, [](const auto& each) { return NumberKey(each.first); }), request,
        [&](size_t i) {
          const auto& [number, server] = open[i];
          const std::optional<ConnectionRecord> record = server->ledger->Get(number);
          if (!record.has_value() || record->end.has_value()) return;  // it has just ended
          *response->add_connections() = ToProto(server->server_id, *record);
        },
        response);
  }

  absl::Status Get(const v1::GetConnectionRequest& request, v1::Connection* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<ConnectionName> name = ParseConnectionResourceName(request.name());
    if (!name.ok()) return name.status();
    const absl::StatusOr<std::shared_ptr<SessionLedger>> ledger =
        directory_.GetLedger(name->server_id);
    if (!ledger.ok()) return ledger.status();
    const std::optional<ConnectionRecord> record = (*ledger)->Get(name->number);
    if (!record.has_value()) return NotFound(request.name());
    *response = ToProto(name->server_id, *record);
    return absl::OkStatus();
  }

  absl::Status Close(const v1::CloseConnectionRequest& request, v1::Connection* response) {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<ConnectionName> name = ParseConnectionResourceName(request.name());
    if (!name.ok()) return name.status();
    const absl::StatusOr<absl::Duration> drain_timeout =
        ReadDuration("drain_timeout", request.drain_timeout());
    if (!drain_timeout.ok()) return drain_timeout.status();
    const absl::StatusOr<std::shared_ptr<SessionLedger>> ledger =
        directory_.GetLedger(name->server_id);
    if (!ledger.ok()) return ledger.status();
    const std::optional<ConnectionRecord> record = (*ledger)->Close(name->number, *drain_timeout);
    if (!record.has_value()) return NotFound(request.name());
    *response = ToProto(name->server_id, *record);
    return absl::OkStatus();
  }

  absl::Status ListCloses(const v1::ListRecentClosesRequest& request,
                          v1::ListRecentClosesResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<std::vector<ServerLedger>> servers =
        Ledgers(request.parent(), /*closed_servers=*/true);
    if (!servers.ok()) return servers.status();
    struct Closed {
      int64_t countdown;  // falls with each close: keys rise, and the newest comes first
      ConnectionRecord record;
      const ServerLedger* server;
    };
    std::vector<Closed> ends;
    for (const ServerLedger& server : *servers) {
      for (ConnectionRecord& record : server.ledger->Ends()) {
        const int64_t countdown = std::numeric_limits<int64_t>::max() - record.end->number;
        ends.push_back({countdown, std::move(record), &server});
      }
    }
    std::sort(ends.begin(), ends.end(),
              [](const Closed& a, const Closed& b) { return a.countdown < b.countdown; });
    return AnswerPage(
        absl::StrCat("closes of ", request.parent()),
        KeysOf(ends, [](const Closed& end) { return NumberKey(end.countdown); }), request,
        [&](size_t i) {
          *response->add_connections() = ToProto(ends[i].server->server_id, ends[i].record);
        },
        response);
  }

  ServerDirectory& directory_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConnectionService(ServerDirectory* directory) {
  return std::make_unique<ConnectionService>(directory);
}

}  // namespace rpyc
