#include "rpyc/did_you_mean.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rpyc {
namespace {

TEST(EditDistanceTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("sunday", "saturday"), 3u);
  EXPECT_EQ(EditDistance("threaded", "Threaded"), 0u);
}

TEST(EditDistanceTest, NeighboursThatAreSwappedAreOneEdit) {
  EXPECT_EQ(EditDistance("echo", "ehco"), 1u);
  EXPECT_EQ(EditDistance("ab", "ba"), 1u);
  EXPECT_EQ(EditDistance("ca", "abc"), 3u);  // of the restricted distance; else it is 2
}

TEST(DidYouMeanTest, NamesTheNearest) {
  const std::vector<std::string> kinds = {"threaded", "thread_pool", "forking", "gevent",
                                          "one_shot"};
  EXPECT_EQ(DidYouMean("threded", kinds), "; did you mean \"threaded\"?");
  EXPECT_EQ(DidYouMean("ThreadPool", kinds), "; did you mean \"thread_pool\"?");
  EXPECT_EQ(DidYouMean("oneshot", kinds), "; did you mean \"one_shot\"?");
  EXPECT_EQ(DidYouMean("frok", kinds), "");
  EXPECT_EQ(DidYouMean("forknig", kinds), "; did you mean \"forking\"?");
}

TEST(DidYouMeanTest, IsSilentWhereNothingIsNear) {
  const std::vector<std::string> names = {"ECHO", "CALCULATOR"};
  EXPECT_EQ(DidYouMean("", names), "");
  EXPECT_EQ(DidYouMean("BANK", names), "");
  EXPECT_EQ(DidYouMean(std::string(1 << 20, 'E'), names), "");
  EXPECT_EQ(DidYouMean("x", {}), "");
}

}  // namespace
}  // namespace rpyc
