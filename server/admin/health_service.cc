#include "server/admin/health_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/admin/request_checks.h"
#include "server/admin/resource_name.h"
#include "server/admin/status_to_grpc.h"
#include "server/admin/watch_slots.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace health = grpc::health::v1;
using ServingStatus = health::HealthCheckResponse::ServingStatus;

// The status of the host, or of a server by its resource name.
ServingStatus StatusOf(const ServerDirectory& directory, const std::string& name) {
  if (name.empty()) {
    return directory.closing() ? health::HealthCheckResponse::NOT_SERVING
                               : health::HealthCheckResponse::SERVING;
  }
  const absl::StatusOr<std::string> id = ParseServerResourceName(name);
  if (!id.ok()) return health::HealthCheckResponse::SERVICE_UNKNOWN;
  const absl::StatusOr<ServerRecord> server = directory.GetServer(*id);
  if (!server.ok()) return health::HealthCheckResponse::SERVICE_UNKNOWN;
  return server->snapshot.state == ServerState::kListening
             ? health::HealthCheckResponse::SERVING
             : health::HealthCheckResponse::NOT_SERVING;
}

}  // namespace

class HealthService::Service : public health::Health::Service {
 public:
  Service(ServerDirectory* directory, size_t max_watches)
      : directory_(*directory), watches_(max_watches) {}

  grpc::Status Check(grpc::ServerContext*, const health::HealthCheckRequest* request,
                     health::HealthCheckResponse* response) override {
    return StatusToGrpc(Answer(*request, response));
  }

  grpc::Status Watch(grpc::ServerContext* context, const health::HealthCheckRequest* request,
                     grpc::ServerWriter<health::HealthCheckResponse>* writer) override {
    absl::Status status = RefuseUnknownFields(*request);
    status.Update(watches_.Enter());
    if (!status.ok()) return StatusToGrpc(status);
    const absl::Cleanup leave = [this] { watches_.Leave(); };
    health::HealthCheckResponse response;  // UNKNOWN: none has been sent
    for (int64_t revision = 0; !context->IsCancelled();) {
      const bool last = watches_.stopped();  // read first, so that earlier changes are sent
      const ServingStatus now = StatusOf(directory_, request->service());
      if (now != response.status()) {
        response.set_status(now);
        if (!writer->Write(response)) break;
      }
      if (last) return StatusToGrpc(HostClosing());
      revision = directory_.AwaitChange(revision, absl::Now() + WatchSlots::kCheckInterval);
    }
    return grpc::Status::CANCELLED;
  }

  void Stop() {
    watches_.Stop();
    directory_.WakeWaiters();
  }

 private:
  absl::Status Answer(const health::HealthCheckRequest& request,
                      health::HealthCheckResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const ServingStatus status = StatusOf(directory_, request.service());
    if (status == health::HealthCheckResponse::SERVICE_UNKNOWN) {
      return ReasonStatus(absl::StatusCode::kNotFound, "SERVER_NOT_FOUND",
                          absl::StrCat("\"", absl::Utf8SafeCEscape(request.service()),
                                       "\" is neither \"\", the host, nor servers/{server_id}"),
                          {{"field", "service"}});
    }
    response->set_status(status);
    return absl::OkStatus();
  }

  ServerDirectory& directory_;
  WatchSlots watches_;
};

HealthService::HealthService(ServerDirectory* directory, size_t max_watches)
    : service_(std::make_unique<Service>(directory, max_watches)) {}

HealthService::~HealthService() { Stop(); }

grpc::Service* HealthService::service() { return service_.get(); }

void HealthService::Stop() { service_->Stop(); }

}  // namespace rpyc
