#include "server/server_id.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace rpyc {
namespace {

constexpr size_t kMaxIdBytes = 63;

bool IsIdCharacter(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; }

std::string Shortened(absl::string_view id, size_t max_bytes) {
  id = id.substr(0, max_bytes);
  while (absl::ConsumeSuffix(&id, "-")) {
  }
  return std::string(id);
}

}  // namespace

bool IsServerId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes) return false;
  for (char c : id) {
    if (!IsIdCharacter(c)) return false;
  }
  return absl::ascii_islower(id.front()) && id.back() != '-';
}

std::string MakeServerId(absl::string_view service_name,
                         const std::function<bool(const std::string&)>& taken) {
  std::string id = absl::AsciiStrToLower(service_name);
  for (char& c : id) {
    if (!IsIdCharacter(c)) c = '-';
  }
  if (id.empty() || !absl::ascii_islower(id.front())) id.insert(0, "s-");
  id = Shortened(id, kMaxIdBytes);
  std::string candidate = id;
  for (int number = 2; taken(candidate); ++number) {
    const std::string suffix = absl::StrCat("-", number);
    candidate = absl::StrCat(Shortened(id, kMaxIdBytes - suffix.size()), suffix);
  }
  return candidate;
}

}  // namespace rpyc
