#include "server/admin/registration_resource.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "registry/registration_id.h"
#include "server/admin/proto_time.h"
#include "server/reason.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;
using Response = v1::WatchRegistrationsResponse;

constexpr absl::string_view kRegistrations = "registrations/";

}  // namespace

v1::Registration RegistrationResource(const Registration& registration, absl::Time now) {
  v1::Registration resource;
  resource.set_name(RegistrationResourceName(registration.key));
  resource.set_service_name(registration.key.service_name);
  resource.set_host(registration.key.host);
  resource.set_port(registration.key.port);
  resource.set_source(registration.source);
  *resource.mutable_register_time() = ToTimestamp(registration.register_time);
  *resource.mutable_expire_time() = ToTimestamp(registration.expire_time);
  *resource.mutable_refresh_time() = ToTimestamp(registration.refresh_time);
  *resource.mutable_ttl() =
      ToProtoDuration(std::max(registration.expire_time - now, absl::ZeroDuration()));
  return resource;
}

Response ChangeResource(const RegistrationChange& change, absl::Time now) {
  Response response;
  switch (change.cause) {
    case RegistrationChange::Cause::kRegistered:
      response.set_type(Response::ADDED);
      response.set_cause(Response::REGISTERED);
      break;
    case RegistrationChange::Cause::kRefreshed:
      response.set_type(Response::MODIFIED);
      response.set_cause(Response::REFRESHED);
      break;
    case RegistrationChange::Cause::kUnregistered:
      response.set_type(Response::REMOVED);
      response.set_cause(Response::UNREGISTERED);
      break;
    case RegistrationChange::Cause::kPruned:
      response.set_type(Response::REMOVED);
      response.set_cause(Response::PRUNED);
      break;
    case RegistrationChange::Cause::kDeleted:
      response.set_type(Response::REMOVED);
      response.set_cause(Response::DELETED);
      break;
  }
  *response.mutable_registration() = RegistrationResource(change.registration, now);
  response.set_revision(change.revision);
  return response;
}

v1::RegistryState StateResource(const RegistryStore::State& state) {
  v1::RegistryState resource;
  resource.set_error(std::string(state.error.message()));
  if (!state.stale) return resource;
  resource.set_stale(true);
  if (state.as_of != absl::InfinitePast()) *resource.mutable_as_of() = ToTimestamp(state.as_of);
  return resource;
}

std::string RegistrationResourceName(const RegistrationKey& key) {
  return absl::StrCat(kRegistrations, RegistrationId(key));
}

absl::StatusOr<RegistrationKey> ParseRegistrationResourceName(absl::string_view name) {
  absl::string_view id = name;
  if (absl::ConsumePrefix(&id, kRegistrations)) {
    absl::StatusOr<RegistrationKey> key = ParseRegistrationId(id);
    if (key.ok()) return key;
  }
  return InvalidField("name", absl::StrCat("name \"", name,
                                           "\" is not of the form "
                                           "registrations/{service_name}@{host}:{port}"));
}

}  // namespace rpyc
