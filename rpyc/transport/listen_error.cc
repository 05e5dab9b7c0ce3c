#include "rpyc/transport/listen_error.h"

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {

bool IsExhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

absl::Status ListenError(const SocketAddress& address, int error) {
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  switch (error) {
    case EADDRINUSE:
      code = absl::StatusCode::kFailedPrecondition;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = absl::StatusCode::kPermissionDenied;
      break;
    default:
      if (IsExhausted(error)) code = absl::StatusCode::kResourceExhausted;
  }
  return ErrnoStatus(code, absl::StrCat("cannot listen on ", address.ToString()), error);
}

}  // namespace rpyc
