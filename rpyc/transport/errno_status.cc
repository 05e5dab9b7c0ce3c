#include "rpyc/transport/errno_status.h"

#include <system_error>

#include "absl/strings/str_cat.h"

namespace rpyc {

std::string ErrnoText(int error) { return std::generic_category().message(error); }

absl::Status ErrnoStatus(absl::StatusCode code, absl::string_view doing, int error) {
  return absl::Status(code, absl::StrCat(doing, ": ", ErrnoText(error)));
}

}  // namespace rpyc
