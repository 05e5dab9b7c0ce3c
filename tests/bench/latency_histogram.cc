#include "tests/bench/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace rpyc::bench {
namespace {

constexpr int kStepBits = 5;  // kSteps is 1 << kStepBits

}  // namespace

int LatencyHistogram::BucketOf(uint64_t nanoseconds) {
  static_assert(kSteps == 1 << kStepBits);
  if (nanoseconds < kSteps) return static_cast<int>(nanoseconds);
  const int power = std::bit_width(nanoseconds) - 1;
  const auto step = static_cast<int>(nanoseconds >> (power - kStepBits)) % kSteps;
  return (power - kStepBits + 1) * kSteps + step;
}

double LatencyHistogram::MiddleOf(int bucket) {
  if (bucket < kSteps) return bucket;
  const int power = bucket / kSteps + kStepBits - 1;
  const double width = static_cast<double>(uint64_t{1} << (power - kStepBits));
  return (kSteps + bucket % kSteps + 0.5) * width;
}

void LatencyHistogram::Add(uint64_t nanoseconds) {
  ++count_;
  max_ = std::max(max_, nanoseconds);
  ++buckets_[BucketOf(nanoseconds)];
}

double LatencyHistogram::Quantile(double share) const {
  const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > wanted) return std::min(MiddleOf(static_cast<int>(i)), static_cast<double>(max_));
  }
  return static_cast<double>(max_);
}

}  // namespace rpyc::bench
