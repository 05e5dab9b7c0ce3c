#include "rpyc/transport/endpoint.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace rpyc {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";

bool ParsePort(absl::string_view text, int* port) {
  // SimpleAtoi alone would take "+1" and " 1".
  return !text.empty() && text.size() <= 5 && absl::ascii_isdigit(text.front()) &&
         absl::ascii_isdigit(text.back()) && absl::SimpleAtoi(text, port) && *port <= 65535;
}

}  // namespace

std::string Endpoint::ToString() const {
  if (!socket_path.empty()) return absl::StrCat(kUnixPrefix, socket_path);
  const bool bracket = host.find(':') != std::string::npos;
  return absl::StrCat(bracket ? "[" : "", host, bracket ? "]:" : ":", port);
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text) {
  const auto error = [text](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\": ", what, "; expected HOST:PORT, [IPV6]:PORT or unix:PATH"));
  };
  Endpoint endpoint;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, kUnixPrefix)) {
    if (rest.empty()) return error("no path");
    endpoint.socket_path = std::string(rest);
    return endpoint;
  }
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos) return error("no port");
  if (!ParsePort(rest.substr(colon + 1), &endpoint.port)) return error("bad port");
  absl::string_view host = rest.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || host.empty()) return error("unmatched bracket");
  } else if (host.find(':') != absl::string_view::npos) {
    return error("an IPv6 address needs brackets");
  }
  endpoint.host = std::string(host);
  return endpoint;
}

}  // namespace rpyc
