#include "server/admin/watch_slots.h"

#include "gtest/gtest.h"
#include "server/reason.h"

namespace rpyc {
namespace {

TEST(WatchSlots, RefusesMoreThanItsMaximum) {
  WatchSlots slots(2);
  EXPECT_TRUE(slots.Enter().ok());
  EXPECT_TRUE(slots.Enter().ok());
  EXPECT_EQ(GetReason(slots.Enter()).reason, "LIMIT_EXCEEDED");
  slots.Leave();
  EXPECT_TRUE(slots.Enter().ok());
}

TEST(WatchSlots, RefusesWatchesOnceStopped) {
  WatchSlots slots(2);
  EXPECT_FALSE(slots.stopped());
  slots.Stop();
  EXPECT_TRUE(slots.stopped());
  EXPECT_EQ(GetReason(slots.Enter()).reason, "HOST_CLOSING");
}

}  // namespace
}  // namespace rpyc
