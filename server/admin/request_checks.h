#ifndef RPYC_SERVER_ADMIN_REQUEST_CHECKS_H_
#define RPYC_SERVER_ADMIN_REQUEST_CHECKS_H_

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Refuses a request that has, at any depth, a field that this host does not know. A newer client
// sends such fields, and must not believe that the host honours them.
// Errors:  INVALID_FIELD - with the path to the field's number: "spec.limits.99".
absl::Status RefuseUnknownFields(const google::protobuf::Message& request);

// Refuses a field that is not supported yet, if it is given.
// Errors:  NOT_SUPPORTED - with the field.
absl::Status NotSupportedIf(bool given, absl::string_view field);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_REQUEST_CHECKS_H_
