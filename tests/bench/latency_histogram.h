#ifndef RPYC_TESTS_BENCH_LATENCY_HISTOGRAM_H_
#define RPYC_TESTS_BENCH_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace rpyc::bench {

// Counts latencies in buckets about 3 % wide, whatever their size. Adding one takes a few
// instructions, so that measuring costs next to nothing of what is measured.
// Units:   nanoseconds.   Threads: one.
class LatencyHistogram {
 public:
  void Add(uint64_t nanoseconds);

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  // Returns the latency that `share` (0..1) of those added do not exceed, or 0 if there are none.
  double Quantile(double share) const;

 private:
  // Each power of two has this many buckets.
  static constexpr int kSteps = 32;
  static int BucketOf(uint64_t nanoseconds);
  static double MiddleOf(int bucket);

  uint64_t count_ = 0;
  uint64_t max_ = 0;
  std::array<uint64_t, 64 * kSteps> buckets_ = {};
};

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LATENCY_HISTOGRAM_H_
