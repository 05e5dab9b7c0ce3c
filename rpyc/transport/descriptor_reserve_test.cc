#include "rpyc/transport/descriptor_reserve.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace rpyc {
namespace {

void LimitTo(rlim_t count) {
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = count;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(DescriptorReserve, IsAQuarterOfAFewAnd32OfMany) {
  LimitTo(64);
  EXPECT_FALSE(IsReservedDescriptor(47));
  EXPECT_TRUE(IsReservedDescriptor(48));
  EXPECT_EQ(ReservedDescriptorsText(),
            "64 descriptors may be open (ulimit -n), and the last 16 are kept for the control"
            " plane");
  LimitTo(1000);  // it notices a limit that was raised
  EXPECT_FALSE(IsReservedDescriptor(967));
  EXPECT_TRUE(IsReservedDescriptor(968));
}

}  // namespace
}  // namespace rpyc
