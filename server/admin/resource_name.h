#ifndef RPYC_SERVER_ADMIN_RESOURCE_NAME_H_
#define RPYC_SERVER_ADMIN_RESOURCE_NAME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// "servers/calculator" for "calculator", "services/CALCULATOR" for "CALCULATOR".
std::string ServerResourceName(absl::string_view id);
std::string ServiceResourceName(absl::string_view service_name);
// "servers/calculator/connections/17".
std::string ConnectionResourceName(absl::string_view server_id, int64_t number);

// These return the last part of such a name.
// Errors:  INVALID_FIELD - name is not of that form.
absl::StatusOr<std::string> ParseServerResourceName(absl::string_view name);
absl::StatusOr<std::string> ParseServiceResourceName(absl::string_view name);

struct ConnectionName {
  std::string server_id;
  int64_t number = 0;
};
// Errors:  INVALID_FIELD - name is not of that form.
absl::StatusOr<ConnectionName> ParseConnectionResourceName(absl::string_view name);

// Reads the parent of a list: a server's id, or nothing for "servers/-", which is all servers.
// Errors:  INVALID_FIELD - parent is not of that form.
absl::StatusOr<std::optional<std::string>> ParseServerParent(absl::string_view parent);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_RESOURCE_NAME_H_
