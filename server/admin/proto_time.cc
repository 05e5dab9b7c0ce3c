#include "server/admin/proto_time.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// Ten thousand years, protobuf's bound.
constexpr int64_t kMostSeconds = 315'576'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t nanos = absl::ToUnixNanos(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(nanos / kNanosPerSecond);
  timestamp.set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
  return timestamp;
}

absl::StatusOr<absl::Duration> ReadDuration(absl::string_view field,
                                            const google::protobuf::Duration& duration) {
  if (duration.seconds() < 0 || duration.nanos() < 0) {
    return InvalidField(field, absl::StrCat(field, " is negative"));
  }
  if (duration.seconds() > kMostSeconds || duration.nanos() >= kNanosPerSecond) {
    return InvalidField(field, absl::StrCat(field, " is not a valid duration"));
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace rpyc
