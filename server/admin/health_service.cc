#include "server/admin/health_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "rpyc/mutex.h"
#include "server/admin/request_checks.h"
#include "server/admin/resource_name.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"
#include "server/thread.h"

namespace rpyc {
namespace {

namespace health = grpc::health::v1;
using ServingStatus = health::HealthCheckResponse::ServingStatus;

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

absl::Status HostClosing() {
  return ReasonStatus(absl::StatusCode::kUnavailable, "HOST_CLOSING", "the host is closing");
}

}  // namespace

// One Watch. Owned by gRPC from its making until OnDone; changes under the lock of Watches.
class HealthService::Watcher : public grpc::ServerWriteReactor<health::HealthCheckResponse> {
 public:
  Watcher(std::shared_ptr<Watches> watches, std::string name)
      : watches_(std::move(watches)), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Has `status` sent, now or when what is being sent has gone.
  void Tell(ServingStatus status) {
    wanted_ = status;
    if (writing_ || finished_ || wanted_ == response_.status()) return;
    response_.set_status(wanted_);
    writing_ = true;
    StartWrite(&response_);
  }
  // Ends it in order: what has been told arrives.
  void End(const grpc::Status& status) {
    ending_ = status;
    if (!writing_) Abort(status);
  }
  void Abort(const grpc::Status& status) {
    if (finished_) return;
    finished_ = true;
    Finish(status);
  }
  void Written() {
    writing_ = false;
    Tell(wanted_);
    if (ending_.has_value() && !writing_) Abort(*ending_);
  }

  // gRPC's, on its threads.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  const std::shared_ptr<Watches> watches_;
  const std::string name_;
  health::HealthCheckResponse response_;  // the last one sent; UNKNOWN: none yet
  ServingStatus wanted_ = health::HealthCheckResponse::UNKNOWN;
  bool writing_ = false;
  std::optional<grpc::Status> ending_;
  bool finished_ = false;
};

// All that run. gRPC calls nobody back from within StartWrite and Finish, so they may be called
// under the lock.
class HealthService::Watches : public std::enable_shared_from_this<Watches> {
 public:
  Watches(ServerDirectory* directory, size_t max_watches)
      : directory_(*directory), max_watches_(max_watches) {}

  absl::Status StartThatTells() {
    MutexLock lock(&mutex_);
    absl::Status started = StartThread([self = shared_from_this()] { self->TellChanges(); });
    telling_ = started.ok();
    return started;
  }

  Watcher* Add(const health::HealthCheckRequest& request) {
    auto* watcher = new Watcher(shared_from_this(), request.service());
    MutexLock lock(&mutex_);
    absl::Status status = RefuseUnknownFields(request);
    if (stopped_) status.Update(HostClosing());
    if (watchers_.size() >= max_watches_) {
      status.Update(ReasonStatus(absl::StatusCode::kResourceExhausted, "LIMIT_EXCEEDED",
                                 absl::StrCat(max_watches_, " Watches run already")));
    }
    watchers_.insert(watcher);
    if (status.ok()) {
      watcher->Tell(StatusOf(directory_, watcher->name()));
    } else {
      watcher->End(StatusToGrpc(status));
    }
    return watcher;
  }

  void Written(Watcher* watcher, bool ok) {
    MutexLock lock(&mutex_);
    if (ok) {
      watcher->Written();
    } else {
      watcher->Abort(grpc::Status::CANCELLED);
    }
  }
  void Cancelled(Watcher* watcher) {
    MutexLock lock(&mutex_);
    watcher->Abort(grpc::Status::CANCELLED);
  }
  void Done(Watcher* watcher) {
    MutexLock lock(&mutex_);
    watchers_.erase(watcher);
  }

  void Stop() {
    {
      MutexLock lock(&mutex_);
      stopped_ = true;
      for (Watcher* watcher : watchers_) {
        watcher->Tell(StatusOf(directory_, watcher->name()));  // the last change may be news
        watcher->End(StatusToGrpc(HostClosing()));
      }
    }
    directory_.WakeWaiters();
    MutexLock lock(&mutex_);
    while (telling_) told_.Wait(&mutex_);
  }

  const ServerDirectory& directory() const { return directory_; }

 private:
  void TellChanges() {
    for (int64_t revision = 0;;) {
      revision = directory_.AwaitChange(revision);
      MutexLock lock(&mutex_);
      if (stopped_) {
        telling_ = false;
        told_.SignalAll();
        return;
      }
      for (Watcher* watcher : watchers_) watcher->Tell(StatusOf(directory_, watcher->name()));
    }
  }

  ServerDirectory& directory_;
  const size_t max_watches_;
  Mutex mutex_;
  CondVar told_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;  // the thread runs
  std::unordered_set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);
};

void HealthService::Watcher::OnWriteDone(bool ok) { watches_->Written(this, ok); }

void HealthService::Watcher::OnCancel() { watches_->Cancelled(this); }

void HealthService::Watcher::OnDone() {
  watches_->Done(this);
  delete this;
}

class HealthService::Service
    : public health::Health::WithCallbackMethod_Watch<health::Health::Service> {
 public:
  explicit Service(std::shared_ptr<Watches> watches) : watches_(std::move(watches)) {}

  grpc::Status Check(grpc::ServerContext*, const health::HealthCheckRequest* request,
                     health::HealthCheckResponse* response) override {
    return StatusToGrpc(Answer(*request, response));
  }

  using WithCallbackMethod_Watch::Watch;  // of the synchronous way, which is not used
  grpc::ServerWriteReactor<health::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext*, const health::HealthCheckRequest* request) override {
    return watches_->Add(*request);
  }

 private:
  absl::Status Answer(const health::HealthCheckRequest& request,
                      health::HealthCheckResponse* response) const {
    absl::Status known = RefuseUnknownFields(request);
    if (!known.ok()) return known;
    const ServingStatus status = StatusOf(watches_->directory(), request.service());
    if (status == health::HealthCheckResponse::SERVICE_UNKNOWN) {
      return ReasonStatus(absl::StatusCode::kNotFound, "SERVER_NOT_FOUND",
                          absl::StrCat("\"", absl::Utf8SafeCEscape(request.service()),
                                       "\" is neither \"\", the host, nor servers/{server_id}"));
    }
    response->set_status(status);
    return absl::OkStatus();
  }

  const std::shared_ptr<Watches> watches_;
};

absl::StatusOr<std::unique_ptr<HealthService>> HealthService::Start(ServerDirectory* directory,
                                                                    size_t max_watches) {
  auto watches = std::make_shared<Watches>(directory, max_watches);
  absl::Status started = watches->StartThatTells();
  if (!started.ok()) return started;
  auto service = std::make_unique<Service>(watches);
  return std::unique_ptr<HealthService>(new HealthService(std::move(watches), std::move(service)));
}

HealthService::HealthService(std::shared_ptr<Watches> watches, std::unique_ptr<Service> service)
    : watches_(std::move(watches)), service_(std::move(service)) {}

HealthService::~HealthService() { Stop(); }

grpc::Service* HealthService::service() { return service_.get(); }

void HealthService::Stop() { watches_->Stop(); }

}  // namespace rpyc
