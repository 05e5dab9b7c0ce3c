#include "server/admin/resource_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/reason.h"
#include "server/server_id.h"

namespace rpyc {
namespace {

constexpr absl::string_view kServers = "servers/";
constexpr absl::string_view kServices = "services/";
constexpr absl::string_view kConnections = "/connections/";
constexpr absl::string_view kAllServers = "servers/-";

absl::Status Malformed(absl::string_view name, absl::string_view form,
                       absl::string_view field = "name") {
  return InvalidField(field, absl::StrCat(field, " \"", name, "\" is not of the form ", form));
}

// The id in "servers/{server_id}"; nothing if the name is not of that form.
std::optional<std::string> ServerIdIn(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kServers) || !IsServerId(name)) return std::nullopt;
  return std::string(name);
}

}  // namespace

std::string ServerResourceName(absl::string_view id) { return absl::StrCat(kServers, id); }

std::string ServiceResourceName(absl::string_view service_name) {
  return absl::StrCat(kServices, service_name);
}

absl::StatusOr<std::string> ParseServerResourceName(absl::string_view name) {
  std::optional<std::string> id = ServerIdIn(name);
  if (!id.has_value()) return Malformed(name, "servers/{server_id}");
  return *std::move(id);
}

absl::StatusOr<std::string> ParseServiceResourceName(absl::string_view name) {
  absl::string_view service = name;
  if (!absl::ConsumePrefix(&service, kServices) || service.empty() ||
      service.find('/') != absl::string_view::npos) {
    return Malformed(name, "services/{service_name}");
  }
  return std::string(service);
}

std::string ConnectionResourceName(absl::string_view server_id, int64_t number) {
  return absl::StrCat(kServers, server_id, kConnections, number);
}

absl::StatusOr<ConnectionName> ParseConnectionResourceName(absl::string_view name) {
  const size_t middle = name.find(kConnections);
  std::optional<std::string> server = ServerIdIn(name.substr(0, middle));
  ConnectionName parsed;
  if (middle == absl::string_view::npos || !server.has_value() ||
      !absl::SimpleAtoi(name.substr(middle + kConnections.size()), &parsed.number) ||
      ConnectionResourceName(*server, parsed.number) != name) {
    return Malformed(name, "servers/{server_id}/connections/{connection_id}");
  }
  parsed.server_id = *std::move(server);
  return parsed;
}

absl::StatusOr<std::optional<std::string>> ParseServerParent(absl::string_view parent) {
  if (parent == kAllServers) return std::optional<std::string>();
  std::optional<std::string> id = ServerIdIn(parent);
  if (!id.has_value()) return Malformed(parent, "servers/{server_id} or servers/-", "parent");
  return id;
}

}  // namespace rpyc
