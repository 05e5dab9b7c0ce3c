#ifndef RPYC_REGISTRY_ETCD_ETCD_RECORD_H_
#define RPYC_REGISTRY_ETCD_ETCD_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registry/registration.h"

namespace rpyc {

// The value that etcd holds for a registration, under the key PREFIX and RegistrationId. EtcdStore
// documents it.
std::string EtcdValue(const Registration& registration);
// Errors:  kInvalidArgument - not a pair that a registry wrote; other programs use etcd too.
absl::StatusOr<Registration> ParseEtcdRecord(absl::string_view id, absl::string_view value);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_RECORD_H_
