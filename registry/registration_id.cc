#include "registry/registration_id.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

bool IsPlain(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

std::string Escape(absl::string_view text, bool colons) {
  std::string escaped;
  for (const char c : text) {
    if (IsPlain(c) || (colons && c == ':')) {
      escaped.push_back(c);
    } else {
      absl::StrAppendFormat(&escaped, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

// Appends the text behind the escapes. Returns false if an escape is malformed or the text is not
// UTF-8.
bool Unescape(absl::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      return false;
    }
    out->append(absl::HexStringToBytes(text.substr(i + 1, 2)));
    i += 2;
  }
  return IsValidUtf8(*out);
}

}  // namespace

std::string RegistrationId(const RegistrationKey& key) {
  const Endpoint endpoint{
      .host = Escape(key.host, /*colons=*/true), .port = key.port, .socket_path = {}};
  return absl::StrCat(Escape(key.service_name, /*colons=*/false), "@", endpoint.ToString());
}

absl::StatusOr<RegistrationKey> ParseRegistrationId(absl::string_view id) {
  RegistrationKey key;
  const size_t at = id.find('@');
  if (at != absl::string_view::npos && Unescape(id.substr(0, at), &key.service_name)) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(id.substr(at + 1));
    if (endpoint.ok() && Unescape(endpoint->host, &key.host)) {
      key.port = endpoint->port;
      if (RegistrationId(key) == id) return key;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::Utf8SafeCEscape(id), "\" is not of the form SERVICE@HOST:PORT"));
}

}  // namespace rpyc
