#ifndef RPYC_SERVER_ADMIN_REGISTRATION_RESOURCE_H_
#define RPYC_SERVER_ADMIN_REGISTRATION_RESOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/registration.h"
#include "registry/registry_store.h"
#include "rpyc/admin/v1/registration.pb.h"
#include "rpyc/admin/v1/registry_service.pb.h"

namespace rpyc {

// A registration as the control plane shows it; its ttl counts from `now`.
admin::v1::Registration RegistrationResource(const Registration& registration, absl::Time now);

// A change as WatchRegistrations sends it.
admin::v1::WatchRegistrationsResponse ChangeResource(const RegistrationChange& change,
                                                     absl::Time now);

admin::v1::RegistryState StateResource(const RegistryStore::State& state);

// "registrations/CALCULATOR@10.0.0.5:18861".
std::string RegistrationResourceName(const RegistrationKey& key);
// Errors:  INVALID_FIELD - name is not of that form.
absl::StatusOr<RegistrationKey> ParseRegistrationResourceName(absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_REGISTRATION_RESOURCE_H_
