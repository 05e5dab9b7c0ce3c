#include "server/respawn_policy.h"

#include <gtest/gtest.h>

namespace rpyc {
namespace {

TEST(RespawnPolicy, WaitsLongerEachTimeAndGivesUp) {
  RespawnPolicy policy;
  for (int milliseconds : {0, 100, 200, 400, 800}) {
    EXPECT_EQ(policy.OnDeath(absl::ZeroDuration()), absl::Milliseconds(milliseconds));
  }
  EXPECT_EQ(policy.OnDeath(absl::ZeroDuration()), std::nullopt);
  EXPECT_EQ(policy.deaths(), RespawnPolicy::kMaxDeaths);
}

TEST(RespawnPolicy, AProcessThatLivedLongIsTheFirstToDie) {
  RespawnPolicy policy;
  for (int i = 0; i < 5; ++i) policy.OnDeath(absl::ZeroDuration());
  EXPECT_EQ(policy.OnDeath(RespawnPolicy::kStableTime), absl::ZeroDuration());
  EXPECT_EQ(policy.deaths(), 1);
}

}  // namespace
}  // namespace rpyc
