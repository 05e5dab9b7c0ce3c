#include "rpyc/transport/errno_status.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace rpyc {

// strerror would look for a translation first.
std::string ErrnoText(int error) {
  const char* const text = ::strerrordesc_np(error);
  return text != nullptr ? text : absl::StrCat("Unknown error ", error);
}

absl::Status ErrnoStatus(absl::StatusCode code, absl::string_view doing, int error) {
  return absl::Status(code, absl::StrCat(doing, ": ", ErrnoText(error)));
}

}  // namespace rpyc
