#ifndef RPYC_SERVER_ADMIN_PROTO_TIME_H_
#define RPYC_SERVER_ADMIN_PROTO_TIME_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rpyc {

google::protobuf::Timestamp ToTimestamp(absl::Time time);

// Reads how long to wait from a field of a request.
// Errors:  INVALID_FIELD - negative, or not a Duration by protobuf's rules.
absl::StatusOr<absl::Duration> ReadDuration(absl::string_view field,
                                            const google::protobuf::Duration& duration);

// Reads how long to wait from a field in which a negative duration means for ever, as in RPyC's
// timeouts.
// Errors:  INVALID_FIELD - not a Duration by protobuf's rules.
absl::StatusOr<absl::Duration> ReadTimeout(absl::string_view field,
                                           const google::protobuf::Duration& duration);

// An infinite duration becomes -1 s.
google::protobuf::Duration ToProtoDuration(absl::Duration duration);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_PROTO_TIME_H_
