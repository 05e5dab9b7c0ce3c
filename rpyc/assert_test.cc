#include "rpyc/assert.h"

#include "gtest/gtest.h"

namespace rpyc {
namespace {

#ifdef RPYC_ASSERTIONS

TEST(AssertDeathTest, AFalseConditionIsPrintedAndAborts) {
  const int one = 1;
  EXPECT_DEATH(RPYC_ASSERT(one + 1 == 3),
               "assert_test.cc:[0-9]+: assertion failed: one \\+ 1 == 3");
}

TEST(Assert, ATrueConditionIsEvaluatedOnce) {
  int evaluated = 0;
  RPYC_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

#else

// As in a release: this file is built a second time without RPYC_ASSERTIONS.
TEST(Assert, AConditionIsNotEvaluated) {
  int evaluated = 0;
  RPYC_ASSERT(++evaluated == 2);
  EXPECT_EQ(evaluated, 0);
}

#endif

TEST(Assert, IsAnExpression) {
  const bool said = true;
  const auto check = [&] { return RPYC_ASSERT(said), 7; };
  EXPECT_EQ(check(), 7);
}

}  // namespace
}  // namespace rpyc
