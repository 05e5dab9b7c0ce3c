#include "server/admin/host_service.h"

#include "rpyc/admin/v1/host_service.grpc.pb.h"
#include "server/admin/proto_time.h"
#include "server/admin/request_checks.h"
#include "server/admin/status_to_grpc.h"
#include "server/version.h"
#include "server/zygote.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

v1::Zygote::State StateOf(Zygote::RunState state) {
  switch (state) {
    case Zygote::RunState::kRunning:
      return v1::Zygote::RUNNING;
    case Zygote::RunState::kReplacing:
      return v1::Zygote::REPLACING;
    case Zygote::RunState::kGone:
      break;
  }
  return v1::Zygote::GONE;
}

void SetZygote(const Zygote::Status& status, v1::Host& host) {
  v1::Zygote& zygote = *host.mutable_zygote();
  zygote.set_state(StateOf(status.state));
  zygote.set_process_id(status.pid);
  *zygote.mutable_start_time() = ToTimestamp(status.start_time);
  zygote.set_restarts(status.restarts);
  zygote.set_last_error(status.last_error);
}

class HostService final : public v1::HostService::Service {
 public:
  HostService(const ServerDirectory* directory, absl::Time host_start_time)
      : directory_(*directory), host_start_time_(host_start_time) {}

  grpc::Status GetHost(grpc::ServerContext*, const v1::GetHostRequest* request,
                       v1::Host* host) override {
    const absl::Status known = RefuseUnknownFields(*request);
    if (!known.ok()) return StatusToGrpc(known);
    host->set_version(kVersion);
    host->set_build(kBuild);
    *host->mutable_start_time() = ToTimestamp(host_start_time_);
    const ServerDirectory::Totals totals = directory_.GetTotals();
    host->set_servers_open(totals.servers_open);
    host->set_connections_open(totals.connections_open);
    host->set_connections_total(totals.connections_total);
    host->set_calls_total(totals.calls_total);
    if (directory_.zygote() != nullptr) SetZygote(directory_.zygote()->status(), *host);
    return grpc::Status::OK;
  }

 private:
  const ServerDirectory& directory_;
  const absl::Time host_start_time_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeHostService(const ServerDirectory* directory,
                                               absl::Time host_start_time) {
  return std::make_unique<HostService>(directory, host_start_time);
}

}  // namespace rpyc
