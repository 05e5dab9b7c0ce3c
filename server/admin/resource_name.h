#ifndef RPYC_SERVER_ADMIN_RESOURCE_NAME_H_
#define RPYC_SERVER_ADMIN_RESOURCE_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// "servers/calculator" of "calculator", "services/CALCULATOR" of "CALCULATOR".
std::string ServerResourceName(absl::string_view id);
std::string ServiceResourceName(absl::string_view service_name);

// Their last parts.
// Errors:  INVALID_FIELD name - not of that form.
absl::StatusOr<std::string> ParseServerResourceName(absl::string_view name);
absl::StatusOr<std::string> ParseServiceResourceName(absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_RESOURCE_NAME_H_
