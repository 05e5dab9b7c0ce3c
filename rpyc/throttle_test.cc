#include "rpyc/throttle.h"

#include <optional>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

TEST(ThrottleTest, PassesOnceInAnIntervalAndCountsTheRest) {
  Throttle throttle(absl::Seconds(1));
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(throttle.Pass(start), 0);
  EXPECT_EQ(throttle.Pass(start), std::nullopt);
  EXPECT_EQ(throttle.Pass(start + absl::Milliseconds(999)), std::nullopt);
  EXPECT_EQ(throttle.next(), start + absl::Seconds(1));
  EXPECT_EQ(throttle.Pass(start + absl::Seconds(1)), 2);
  EXPECT_EQ(throttle.Pass(start + absl::Seconds(5)), 0);
}

TEST(ThrottleTest, ResetLetsTheNextOnePass) {
  Throttle throttle(absl::Minutes(1));
  EXPECT_EQ(throttle.Pass(absl::UnixEpoch()), 0);
  EXPECT_EQ(throttle.Pass(absl::UnixEpoch()), std::nullopt);
  throttle.Reset();
  EXPECT_EQ(throttle.Pass(absl::UnixEpoch()), 0);
}

}  // namespace
}  // namespace rpyc
