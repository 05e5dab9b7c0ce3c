#ifndef RPYC_REGISTRY_ETCD_ETCD_RECORD_H_
#define RPYC_REGISTRY_ETCD_ETCD_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registry/registration.h"

namespace rpyc {

// A registration as etcd has it (EtcdStore says how): its value, under PREFIX and RegistrationId.
std::string EtcdValue(const Registration& registration);
// Errors:  kInvalidArgument - others write to etcd too.
absl::StatusOr<Registration> ParseEtcdRecord(absl::string_view id, absl::string_view value);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_ETCD_ETCD_RECORD_H_
