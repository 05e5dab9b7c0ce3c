#include "server/admin/resource_name.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/reason.h"
#include "server/server_id.h"

namespace rpyc {
namespace {

constexpr absl::string_view kServers = "servers/";
constexpr absl::string_view kServices = "services/";

absl::Status Malformed(absl::string_view name, absl::string_view form) {
  return InvalidField("name", absl::StrCat("name \"", name, "\" is not of the form ", form));
}

}  // namespace

std::string ServerResourceName(absl::string_view id) { return absl::StrCat(kServers, id); }

std::string ServiceResourceName(absl::string_view service_name) {
  return absl::StrCat(kServices, service_name);
}

absl::StatusOr<std::string> ParseServerResourceName(absl::string_view name) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, kServers) || !IsServerId(id)) {
    return Malformed(name, "servers/{server_id}");
  }
  return std::string(id);
}

absl::StatusOr<std::string> ParseServiceResourceName(absl::string_view name) {
  absl::string_view service = name;
  if (!absl::ConsumePrefix(&service, kServices) || service.empty() ||
      service.find('/') != absl::string_view::npos) {
    return Malformed(name, "services/{service_name}");
  }
  return std::string(service);
}

}  // namespace rpyc
