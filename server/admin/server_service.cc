#include "server/admin/server_service.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rpyc/admin/v1/server_service.grpc.pb.h"
#include "server/admin/audit.h"
#include "server/admin/fingerprint.h"
#include "server/admin/pages.h"
#include "server/admin/proto_time.h"
#include "server/admin/request_checks.h"
#include "server/admin/request_memory.h"
#include "server/admin/resource_name.h"
#include "server/admin/server_resource.h"
#include "server/admin/spec.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

v1::ServerKind ToProto(const ServerKindInfo& kind) {
  v1::ServerKind proto;
  proto.set_name(kind.name);
  proto.set_summary(kind.summary);
  v1::ServerKindTraits* traits = proto.mutable_traits();
  traits->set_serves_inline(kind.traits.serves_inline);
  traits->set_one_connection(kind.traits.one_connection);
  traits->set_separate_process(kind.traits.separate_process);
  traits->set_cooperative(kind.traits.cooperative);
  for (const std::string& field : kind.traits.option_fields) traits->add_option_fields(field);
  return proto;
}

// AIP-155 recommends a UUID, which has 36 bytes.
constexpr size_t kMaxRequestIdBytes = 128;

class ServerService final : public v1::ServerService::Service {
 public:
  explicit ServerService(ServerDirectory* directory) : directory_(*directory) {}

  grpc::Status ListServerKinds(grpc::ServerContext*, const v1::ListServerKindsRequest* request,
                               v1::ListServerKindsResponse* response) override {
    return StatusToGrpc(ListKinds(*request, response));
  }

  grpc::Status StartServer(grpc::ServerContext* context, const v1::StartServerRequest* request,
                           v1::Server* response) override {
    if (request->validate_only()) {
      grpc::Status status = Answer(Validate(*request), response);
      // There is no server yet, so it has neither a state nor an etag.
      response->clear_state();
      response->clear_etag();
      return status;
    }
    const absl::StatusOr<ServerRecord> record = Start(*request);
    const std::string& id = record.ok() ? record->id : request->server_id();
    Audit(context->peer(),
          absl::StrCat("StartServer ", id.empty() ? "" : ServerResourceName(id) + " ", "(",
                       request->spec().kind(), ", ", request->spec().service(), ")"),
          record.status());
    return Answer(record, response);
  }

  // Holds its thread until the server is closed; gRPC starts another thread for the next call.
  grpc::Status CloseServer(grpc::ServerContext* context, const v1::CloseServerRequest* request,
                           v1::Server* response) override {
    const absl::StatusOr<ServerRecord> record = Close(*request);
    Audit(context->peer(), absl::StrCat("CloseServer ", request->name()), record.status());
    return Answer(record, response);
  }

  grpc::Status GetServer(grpc::ServerContext*, const v1::GetServerRequest* request,
                         v1::Server* response) override {
    return Answer(Get(*request), response);
  }

  grpc::Status ListServers(grpc::ServerContext*, const v1::ListServersRequest* request,
                           v1::ListServersResponse* response) override {
    return StatusToGrpc(List(*request, response));
  }

 private:
  static grpc::Status Answer(const absl::StatusOr<ServerRecord>& record, v1::Server* response) {
    if (!record.ok()) return StatusToGrpc(record.status());
    *response = ServerResource(*record);
    return grpc::Status::OK;
  }

  absl::Status ListKinds(const v1::ListServerKindsRequest& request,
                         v1::ListServerKindsResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const auto& kinds = directory_.kinds().rows();
    return AnswerPage(
        "kinds", PositionKeys(kinds.size()), request,
        [&](size_t i) { *response->add_server_kinds() = ToProto(kinds[i]); }, response);
  }

  absl::StatusOr<ServerRecord> Start(const v1::StartServerRequest& request) {
    absl::Status good = CheckStart(request);
    if (!good.ok()) return good;
    const auto start = [&]() -> absl::StatusOr<ServerRecord> {
      const absl::StatusOr<ServerOptions> options = OptionsFromSpec(request.spec());
      if (!options.ok()) return options.status();
      return directory_.StartServer(request.server_id(), *options);
    };
    if (request.request_id().empty()) return start();
    return requests_.RunOnce(request.request_id(), FingerprintOf(request), start);
  }

  // Checks what Start checks, and returns the record that the server would have.
  absl::StatusOr<ServerRecord> Validate(const v1::StartServerRequest& request) const {
    absl::Status status = CheckStart(request);
    status.Update(requests_.Check(request.request_id(), FingerprintOf(request)));
    if (!status.ok()) return status;
    const absl::StatusOr<ServerOptions> options = OptionsFromSpec(request.spec());
    if (!options.ok()) return options.status();
    return directory_.CheckServer(request.server_id(), *options);
  }

  static absl::Status CheckStart(const v1::StartServerRequest& request) {
    absl::Status status = RefuseUnknownFields(request);
    if (request.request_id().size() > kMaxRequestIdBytes) {
      status.Update(InvalidField(
          "request_id", absl::StrCat("request_id has over ", kMaxRequestIdBytes, " bytes")));
    }
    return status;
  }

  // Two requests that ask for the same have the same fingerprint, whatever their validate_only.
  static uint64_t FingerprintOf(v1::StartServerRequest request) {
    request.clear_validate_only();
    return Fingerprint(request.SerializeAsString());
  }

  absl::StatusOr<ServerRecord> Close(const v1::CloseServerRequest& request) {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<std::string> id = ParseServerResourceName(request.name());
    if (!id.ok()) return id.status();
    const absl::StatusOr<absl::Duration> drain_timeout =
        ReadDuration("drain_timeout", request.drain_timeout());
    if (!drain_timeout.ok()) return drain_timeout.status();
    return directory_.CloseServer(*id, *drain_timeout, [&request](const ServerRecord& record) {
      return CheckEtag(request, ServerResource(record));
    });
  }

  static absl::Status CheckEtag(const v1::CloseServerRequest& request, const v1::Server& server) {
    if (request.etag().empty() || request.etag() == server.etag()) return absl::OkStatus();
    return ReasonStatus(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                        absl::StrCat(server.name(), " has changed: its etag is now ", server.etag(),
                                     ", not ", absl::Utf8SafeCEscape(request.etag())),
                        {{"field", "etag"}});
  }

  absl::StatusOr<ServerRecord> Get(const v1::GetServerRequest& request) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const absl::StatusOr<std::string> id = ParseServerResourceName(request.name());
    if (!id.ok()) return id.status();
    return directory_.GetServer(*id);
  }

  absl::Status List(const v1::ListServersRequest& request,
                    v1::ListServersResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const std::vector<ServerRecord> records = directory_.ListServers(request.show_closed());
    return AnswerPage(
        request.show_closed() ? "servers with closed ones" : "servers",
        KeysOf(records, [](const ServerRecord& record) { return NumberKey(record.number); }),
        request, [&](size_t i) { *response->add_servers() = ServerResource(records[i]); },
        response);
  }

  ServerDirectory& directory_;
  RequestMemory requests_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeServerService(ServerDirectory* directory) {
  return std::make_unique<ServerService>(directory);
}

}  // namespace rpyc
