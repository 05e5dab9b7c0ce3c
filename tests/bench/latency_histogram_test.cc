#include "tests/bench/latency_histogram.h"

#include <gtest/gtest.h>

namespace rpyc::bench {
namespace {

TEST(LatencyHistogram, EmptySaysZero) {
  EXPECT_EQ(LatencyHistogram().Quantile(0.5), 0);
  EXPECT_EQ(LatencyHistogram().max(), 0u);
}

TEST(LatencyHistogram, QuantilesAreWithinABucket) {
  LatencyHistogram histogram;
  for (uint64_t i = 1; i <= 100'000; ++i) histogram.Add(i * 10);
  EXPECT_EQ(histogram.count(), 100'000u);
  EXPECT_EQ(histogram.max(), 1'000'000u);
  EXPECT_NEAR(histogram.Quantile(0.5), 500'000, 500'000 * 0.032);
  EXPECT_NEAR(histogram.Quantile(0.99), 990'000, 990'000 * 0.032);
  EXPECT_NEAR(histogram.Quantile(0.001), 1'000, 1'000 * 0.032);
  EXPECT_LE(histogram.Quantile(1), 1'000'000);
}

TEST(LatencyHistogram, SmallOnesAreExactAndTheLargestFits) {
  LatencyHistogram histogram;
  histogram.Add(0);
  histogram.Add(31);
  histogram.Add(UINT64_MAX);
  EXPECT_EQ(histogram.Quantile(0), 0);
  EXPECT_EQ(histogram.Quantile(0.5), 31);
  EXPECT_NEAR(histogram.Quantile(0.9), 1.8e19, 0.06e19);
}

}  // namespace
}  // namespace rpyc::bench
