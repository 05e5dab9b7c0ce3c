#include "server/admin/audit.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// Bounds a line, since a request may have megabytes.
constexpr size_t kMaxBytes = 1000;

// Escapes control characters and cuts the text, so that it is one line.
std::string OneLine(absl::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kMaxBytes)) {
    if (absl::ascii_iscntrl(c)) {
      absl::StrAppend(&line, "\\x", absl::Hex(c, absl::kZeroPad2));
    } else {
      line.push_back(c);
    }
  }
  return line;
}

}  // namespace

void Audit(absl::string_view peer, absl::string_view what, const absl::Status& result) {
  std::string outcome = "OK";
  if (!result.ok()) {
    outcome = absl::StrCat(absl::StatusCodeToString(result.code()), " ", GetReason(result).reason,
                           ": ", result.message());
  }
  LogInfo("audit: ", OneLine(absl::StrCat(peer, " ", what, ": ", outcome)));
}

}  // namespace rpyc
