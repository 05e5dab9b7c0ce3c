#include "server/admin/resource_name.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/reason.h"

namespace rpyc {
namespace {

constexpr absl::string_view kServers = "servers/";
constexpr absl::string_view kServices = "services/";

absl::StatusOr<std::string> ParseName(absl::string_view collection, absl::string_view form,
                                      absl::string_view name) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, collection) || id.empty() ||
      id.find('/') != absl::string_view::npos) {
    return InvalidField("name", absl::StrCat("name \"", name, "\" is not of the form ", form));
  }
  return std::string(id);
}

}  // namespace

std::string ServerResourceName(absl::string_view id) { return absl::StrCat(kServers, id); }

std::string ServiceResourceName(absl::string_view service_name) {
  return absl::StrCat(kServices, service_name);
}

absl::StatusOr<std::string> ParseServerResourceName(absl::string_view name) {
  return ParseName(kServers, "servers/{server_id}", name);
}

absl::StatusOr<std::string> ParseServiceResourceName(absl::string_view name) {
  return ParseName(kServices, "services/{service_name}", name);
}

}  // namespace rpyc
