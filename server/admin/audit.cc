#include "server/admin/audit.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// A request may be of megabytes.
constexpr size_t kMaxBytes = 1000;

}  // namespace

void Audit(absl::string_view peer, absl::string_view what, const absl::Status& result) {
  std::string outcome = "OK";
  if (!result.ok()) {
    outcome = absl::StrCat(absl::StatusCodeToString(result.code()), " ", GetReason(result).reason,
                           ": ", result.message());
  }
  const std::string line = absl::StrCat(peer, " ", what, ": ", outcome);
  Log().info("audit: {}", absl::Utf8SafeCEscape(absl::string_view(line).substr(0, kMaxBytes)));
}

}  // namespace rpyc
