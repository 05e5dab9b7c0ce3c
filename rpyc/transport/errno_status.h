#ifndef RPYC_TRANSPORT_ERRNO_STATUS_H_
#define RPYC_TRANSPORT_ERRNO_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// Returns the system's text for an errno: "Connection refused".
std::string ErrnoText(int error);

// Makes a Status for a failed system call: "`doing`: Connection refused".
absl::Status ErrnoStatus(absl::StatusCode code, absl::string_view doing, int error);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_ERRNO_STATUS_H_
