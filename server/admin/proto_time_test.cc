#include "server/admin/proto_time.h"

#include <gtest/gtest.h>

#include "server/reason.h"

namespace rpyc {
namespace {

google::protobuf::Duration Duration(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(ProtoTimeTest, Timestamp) {
  const auto timestamp = ToTimestamp(absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(5));
  EXPECT_EQ(timestamp.seconds(), 1'700'000'000);
  EXPECT_EQ(timestamp.nanos(), 5);
}

TEST(ProtoTimeTest, Durations) {
  EXPECT_EQ(*ReadDuration("f", Duration(0, 0)), absl::ZeroDuration());
  EXPECT_EQ(*ReadDuration("f", Duration(1, 500'000'000)), absl::Milliseconds(1500));
  for (const auto& bad : {Duration(-1, 0), Duration(0, -1), Duration(1, -1), Duration(-1, 1),
                          Duration(0, 1'000'000'000), Duration(315'576'000'001, 0)}) {
    const absl::StatusOr<absl::Duration> duration = ReadDuration("drain_timeout", bad);
    ASSERT_FALSE(duration.ok()) << bad.ShortDebugString();
    EXPECT_EQ(GetReason(duration.status()).metadata.at("field"), "drain_timeout");
  }
}

TEST(ProtoTimeTest, ANegativeTimeoutIsForEver) {
  EXPECT_EQ(*ReadTimeout("f", Duration(0, 0)), absl::ZeroDuration());
  EXPECT_EQ(*ReadTimeout("f", Duration(2, 1)), absl::Seconds(2) + absl::Nanoseconds(1));
  EXPECT_EQ(*ReadTimeout("f", Duration(-1, 0)), absl::InfiniteDuration());
  EXPECT_EQ(*ReadTimeout("f", Duration(0, -1)), absl::InfiniteDuration());
  for (const auto& bad : {Duration(1, -1), Duration(-1, 1), Duration(0, -1'000'000'000),
                          Duration(-315'576'000'001, 0)}) {
    EXPECT_EQ(GetReason(ReadTimeout("t", bad).status()).metadata["field"], "t")
        << bad.ShortDebugString();
  }
}

TEST(ProtoTimeTest, DurationsAreWrittenAsTheyAreRead) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(1500), absl::Hours(100)}) {
    EXPECT_EQ(*ReadDuration("f", ToProtoDuration(duration)), duration);
  }
  EXPECT_EQ(*ReadTimeout("f", ToProtoDuration(absl::InfiniteDuration())), absl::InfiniteDuration());
}

}  // namespace
}  // namespace rpyc
