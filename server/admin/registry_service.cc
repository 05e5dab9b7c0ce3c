#include "server/admin/registry_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/admin/v1/registry_service.grpc.pb.h"
#include "rpyc/mutex.h"
#include "server/admin/audit.h"
#include "server/admin/coalesce.h"
#include "server/admin/pages.h"
#include "server/admin/proto_time.h"
#include "server/admin/registration_resource.h"
#include "server/admin/request_checks.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;
using WatchResponse = v1::WatchRegistrationsResponse;

// How many changes a watcher must be behind to get them coalesced.
constexpr size_t kCoalesceFrom = 1000;
// More than a registry's table keeps.
constexpr size_t kMaxChanges = 20'000;
// How long a change may take in total. A store fails sooner.
constexpr absl::Duration kChangeTimeout = absl::Seconds(20);
constexpr absl::Duration kMaxTtl = absl::Hours(24 * 366);
constexpr char kAdminSource[] = "admin";
constexpr size_t kMaxHostBytes = 255;

// The result of a change of the store, which a thread waits for.
class PendingResult {
 public:
  // Makes a Done that sets the result.
  static RegistryStore::Done SetterOf(std::shared_ptr<PendingResult> result) {
    return [result = std::move(result)](absl::Status status) {
      MutexLock lock(&result->mutex_);
      result->known_ = true;
      result->status_ = std::move(status);
      result->changed_.SignalAll();
    };
  }

  absl::Status Await() {
    MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + kChangeTimeout;
    while (!known_ && changed_.WaitUntil(&mutex_, deadline)) {
    }
    return known_ ? status_ : absl::UnavailableError("no answer from the registry's store");
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// Gives a store's error its reason. `name` is the registration's.
absl::Status WithReason(const absl::Status& status, absl::string_view name) {
  const std::string message = absl::StrCat(name, ": ", status.message());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return status;
    case absl::StatusCode::kNotFound:
      return ReasonStatus(status.code(), "REGISTRATION_NOT_FOUND", absl::StrCat(name, " not found"),
                          {{"field", "name"}});
    case absl::StatusCode::kAlreadyExists:
      return ReasonStatus(status.code(), "REGISTRATION_ALREADY_EXISTS",
                          absl::StrCat(name, " already exists"), {{"field", "registration"}});
    case absl::StatusCode::kResourceExhausted:
      return ReasonStatus(status.code(), "LIMIT_EXCEEDED", message);
    case absl::StatusCode::kInvalidArgument:
      return InvalidField("registration", message);
    default:
      return ReasonStatus(absl::StatusCode::kUnavailable, "REGISTRY_UNAVAILABLE", message);
  }
}

// Refuses a field that only the registry sets, if it is given.
absl::Status RefuseIfGiven(bool given, absl::string_view field) {
  if (!given) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(field, " is the registry's to say"));
}

// Reads and checks a CreateRegistrationRequest.
absl::StatusOr<RegisterRequest> ReadCreate(const v1::CreateRegistrationRequest& request) {
  absl::Status status = RefuseUnknownFields(request);
  const v1::Registration& registration = request.registration();
  status.Update(RefuseIfGiven(!registration.name().empty(), "registration.name"));
  status.Update(RefuseIfGiven(!registration.source().empty(), "registration.source"));
  status.Update(RefuseIfGiven(registration.has_register_time(), "registration.register_time"));
  status.Update(RefuseIfGiven(registration.has_refresh_time(), "registration.refresh_time"));
  status.Update(RefuseIfGiven(registration.has_expire_time(), "registration.expire_time"));
  status.Update(RefuseIfGiven(registration.has_ttl(), "registration.ttl"));
  const auto need = [&status](bool good, absl::string_view field, absl::string_view what) {
    if (!good) status.Update(InvalidField(field, absl::StrCat(field, " ", what)));
  };
  need(!registration.service_name().empty(), "registration.service_name", "is empty");
  need(!registration.host().empty(), "registration.host", "is empty");
  need(registration.host().size() <= kMaxHostBytes, "registration.host", "is too long");
  need(registration.port() >= 1 && registration.port() <= UINT16_MAX, "registration.port",
       absl::StrCat("is ", registration.port(), ", not within 1 and 65535"));
  RegisterRequest read{.names = {absl::AsciiStrToUpper(registration.service_name())},
                       .host = registration.host(),
                       .port = registration.port(),
                       .source = kAdminSource,
                       .only_if_absent = true};
  if (request.has_ttl()) {
    const absl::StatusOr<absl::Duration> ttl = ReadDuration("ttl", request.ttl());
    status.Update(ttl.status());
    read.ttl = ttl.value_or(absl::ZeroDuration());
    need(!ttl.ok() || (*ttl >= absl::Seconds(1) && *ttl <= kMaxTtl), "ttl",
         "is not within a second and a year");
  }
  if (!status.ok()) return status;
  return read;
}

}  // namespace

class RegistryService::Service final : public v1::RegistryService::Service {
 public:
  Service(RegistryStore* store, size_t max_watches) : store_(store), watches_(max_watches) {}

  grpc::Status ListRegistrations(grpc::ServerContext*, const v1::ListRegistrationsRequest* request,
                                 v1::ListRegistrationsResponse* response) override {
    return StatusToGrpc(List(*request, response));
  }

  grpc::Status LookupService(grpc::ServerContext*, const v1::LookupServiceRequest* request,
                             v1::LookupServiceResponse* response) override {
    return StatusToGrpc(Lookup(*request, response));
  }

  grpc::Status CreateRegistration(grpc::ServerContext* context,
                                  const v1::CreateRegistrationRequest* request,
                                  v1::Registration* response) override {
    const absl::Status status = Create(*request, response);
    const v1::Registration& asked = request->registration();
    Audit(context->peer(),
          absl::StrCat("CreateRegistration ", asked.service_name(), " ", asked.host(), " port ",
                       asked.port()),
          status);
    return StatusToGrpc(status);
  }

  grpc::Status DeleteRegistration(grpc::ServerContext* context,
                                  const v1::DeleteRegistrationRequest* request,
                                  google::protobuf::Empty*) override {
    const absl::Status status = Delete(*request);
    Audit(context->peer(), absl::StrCat("DeleteRegistration ", request->name()), status);
    return StatusToGrpc(status);
  }

  grpc::Status WatchRegistrations(grpc::ServerContext* context,
                                  const v1::WatchRegistrationsRequest* request,
                                  grpc::ServerWriter<WatchResponse>* writer) override {
    absl::Status status = CheckReady(*request);
    if (request->start_revision() < 0) {
      status.Update(InvalidField("start_revision", "start_revision is negative"));
    }
    status.Update(watches_.Enter());
    if (!status.ok()) return StatusToGrpc(status);
    const absl::Cleanup leave = [this] { watches_.Leave(); };
    status = Watch(*request, [context, writer](const WatchResponse& response) {
      return !context->IsCancelled() &&
             (response.type() == WatchResponse::TYPE_UNSPECIFIED || writer->Write(response));
    });
    return StatusToGrpc(status);
  }

  void Stop() {
    watches_.Stop();
    if (store_ != nullptr) store_->table().WakeWaiters();
  }

 private:
  // Fails if there is no registry, or the request has unknown fields.
  absl::Status CheckReady(const google::protobuf::Message& request) const {
    if (store_ == nullptr) {
      return ReasonStatus(absl::StatusCode::kFailedPrecondition, "REGISTRY_DISABLED",
                          "this host has no registry: --registry_address gives it one");
    }
    return RefuseUnknownFields(request);
  }

  absl::Status List(const v1::ListRegistrationsRequest& request,
                    v1::ListRegistrationsResponse* response) const {
    absl::Status ready = CheckReady(request);
    if (!ready.ok()) return ready;
    const std::string name = absl::AsciiStrToUpper(request.service_name());
    int64_t revision = 0;
    std::vector<std::pair<std::string, Registration>> found;  // sorted by resource name
    for (Registration& registration : store_->table().All(&revision)) {
      if (!name.empty() && registration.key.service_name != name) continue;
      if (!request.host().empty() && registration.key.host != request.host()) continue;
      if (!request.source().empty() && registration.source != request.source()) continue;
      std::string resource_name = RegistrationResourceName(registration.key);
      found.emplace_back(std::move(resource_name), std::move(registration));
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    // A page token is valid only for a request with the same filters.
    const std::string list = absl::StrCat("registrations of \"", name, "\" at \"", request.host(),
                                          "\" by \"", request.source(), "\"");
    const absl::Time now = absl::Now();
    absl::Status answered = AnswerPage(
        list, KeysOf(found, [](const auto& each) { return each.first; }), request,
        [&](size_t i) {
          *response->add_registrations() = RegistrationResource(found[i].second, now);
        },
        response);
    if (!answered.ok()) return answered;
    *response->mutable_state() = StateResource(store_->state());
    response->set_revision(revision);
    return absl::OkStatus();
  }

  absl::Status Lookup(const v1::LookupServiceRequest& request,
                      v1::LookupServiceResponse* response) const {
    absl::Status ready = CheckReady(request);
    if (!ready.ok()) return ready;
    if (request.service_name().empty()) {
      return InvalidField("service_name", "service_name is empty");
    }
    const std::string name = absl::AsciiStrToUpper(request.service_name());
    const std::vector<Registration> found = store_->table().Find(name);
    if (found.empty()) {
      return ReasonStatus(absl::StatusCode::kNotFound, "SERVICE_NOT_FOUND",
                          absl::StrCat("no server has announced ", absl::Utf8SafeCEscape(name)),
                          {{"field", "service_name"}});
    }
    const absl::Time now = absl::Now();
    for (const Registration& registration : found) {
      *response->add_registrations() = RegistrationResource(registration, now);
    }
    *response->mutable_state() = StateResource(store_->state());
    return absl::OkStatus();
  }

  absl::Status Create(const v1::CreateRegistrationRequest& request, v1::Registration* response) {
    absl::Status ready = CheckReady(request);
    if (!ready.ok()) return ready;
    const absl::StatusOr<RegisterRequest> read = ReadCreate(request);
    if (!read.ok()) return read.status();
    const RegistrationKey key = {read->names.front(), read->host, read->port};
    const auto result = std::make_shared<PendingResult>();
    store_->Register(*read, PendingResult::SetterOf(result));
    absl::Status created = WithReason(result->Await(), RegistrationResourceName(key));
    if (!created.ok()) return created;
    const absl::Time now = absl::Now();
    const std::optional<Registration> made = store_->table().Get(key);
    // It may have been removed already.
    *response =
        RegistrationResource(made.value_or(Registration{key, kAdminSource, now, now, now}), now);
    return absl::OkStatus();
  }

  absl::Status Delete(const v1::DeleteRegistrationRequest& request) {
    absl::Status ready = CheckReady(request);
    if (!ready.ok()) return ready;
    const absl::StatusOr<RegistrationKey> key = ParseRegistrationResourceName(request.name());
    if (!key.ok()) return key.status();
    const auto result = std::make_shared<PendingResult>();
    store_->Delete(*key, PendingResult::SetterOf(result));
    return WithReason(result->Await(), request.name());
  }

  // Sends changes until `send` returns false, because the client has gone. A response without a
  // type only asks `send` whether it has.
  absl::Status Watch(const v1::WatchRegistrationsRequest& request,
                     absl::FunctionRef<bool(const WatchResponse&)> send) const {
    const std::string name = absl::AsciiStrToUpper(request.service_name());
    const auto wanted = [&name](const Registration& registration) {
      return name.empty() || registration.key.service_name == name;
    };
    int64_t revision = request.start_revision() - 1;  // of the last change that was sent
    bool synced = false;
    if (request.start_revision() == 0) {
      const absl::Time now = absl::Now();
      for (const Registration& registration : store_->table().All(&revision)) {
        WatchResponse response =
            ChangeResource({revision, RegistrationChange::Cause::kRegistered, registration}, now);
        response.clear_cause();
        if (wanted(registration) && !send(response)) return absl::CancelledError("client gone");
      }
    }
    for (bool first = true;; first = false) {
      const bool last = watches_.stopped();  // read first, so that earlier changes are sent
      absl::StatusOr<std::vector<RegistrationChange>> changes =
          store_->table().ChangesFrom(revision + 1, kMaxChanges);
      if (!changes.ok())
        return ChangesError(changes.status(), first && request.start_revision() != 0);
      if (!changes->empty()) revision = changes->back().revision;
      if (changes->size() >= kCoalesceFrom) changes = Coalesce(*changes);
      const absl::Time now = absl::Now();
      for (const RegistrationChange& change : *changes) {
        if (wanted(change.registration) && !send(ChangeResource(change, now))) {
          return absl::CancelledError("client gone");
        }
      }
      WatchResponse response;
      if (!std::exchange(synced, true)) {
        response.set_type(WatchResponse::SYNCED);
        response.set_revision(revision);
        *response.mutable_state() = StateResource(store_->state());
      }
      if (!send(response)) return absl::CancelledError("client gone");
      if (last) return HostClosing();
      store_->table().AwaitChange(revision, absl::Now() + WatchSlots::kCheckInterval);
    }
  }

  // The error for changes that cannot be sent. `asked`: the request's start_revision asks for them.
  static absl::Status ChangesError(const absl::Status& why, bool asked) {
    if (absl::IsInvalidArgument(why)) return InvalidField("start_revision", why.message());
    if (asked) {
      return ReasonStatus(why.code(), "REVISION_TOO_OLD", why.message(),
                          {{"field", "start_revision"}});
    }
    return ReasonStatus(absl::StatusCode::kResourceExhausted, "SLOW_WATCHER",
                        absl::StrCat("the watch is too far behind: ", why.message()));
  }

  RegistryStore* const store_;
  WatchSlots watches_;
};

RegistryService::RegistryService(RegistryStore* store, size_t max_watches)
    : service_(std::make_unique<Service>(store, max_watches)) {}

RegistryService::~RegistryService() { Stop(); }

grpc::Service* RegistryService::service() { return service_.get(); }

void RegistryService::Stop() { service_->Stop(); }

}  // namespace rpyc
