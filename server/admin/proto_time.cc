#include "server/admin/proto_time.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// This is Protobuf's bound of a Duration: ten thousand years.
constexpr int64_t kMaxSeconds = 315'576'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

absl::Status CheckDuration(absl::string_view field, const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int64_t nanos = duration.nanos();
  const bool valid = seconds <= kMaxSeconds && seconds >= -kMaxSeconds && nanos < kNanosPerSecond &&
                     nanos > -kNanosPerSecond && !(seconds > 0 && nanos < 0) &&
                     !(seconds < 0 && nanos > 0);
  if (valid) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(field, " is not a valid duration"));
}

bool IsNegative(const google::protobuf::Duration& duration) {
  return duration.seconds() < 0 || duration.nanos() < 0;
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

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
  if (IsNegative(duration)) return InvalidField(field, absl::StrCat(field, " is negative"));
  absl::Status valid = CheckDuration(field, duration);
  if (!valid.ok()) return valid;
  return ToDuration(duration);
}

absl::StatusOr<absl::Duration> ReadTimeout(absl::string_view field,
                                           const google::protobuf::Duration& duration) {
  absl::Status valid = CheckDuration(field, duration);
  if (!valid.ok()) return valid;
  return IsNegative(duration) ? absl::InfiniteDuration() : ToDuration(duration);
}

google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  google::protobuf::Duration proto;
  if (duration == absl::InfiniteDuration()) {
    proto.set_seconds(-1);
    return proto;
  }
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

}  // namespace rpyc
