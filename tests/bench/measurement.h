#ifndef RPYC_TESTS_BENCH_MEASUREMENT_H_
#define RPYC_TESTS_BENCH_MEASUREMENT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/process_usage.h"

// This header says what every load generator measures and how it reports it, whatever protocol it
// speaks.
namespace rpyc::bench {

// Returns nanoseconds of a clock that only goes forward.
uint64_t NowNanoseconds();

// Holds named numbers in the order in which they are printed.
using Figures = std::vector<std::pair<std::string, double>>;

struct MeasurementOptions {
  int server_pid = 0;  // the process whose CPU time counts; 0: none
  double seconds = 1;
  double warmup_seconds = 0.25;
};

// Begins after the warm-up and ends when the time is over.
// Threads: one.
class Measurement {
 public:
  explicit Measurement(const MeasurementOptions& options);

  // Says where latencies go now; it is null during the warm-up.
  LatencyHistogram* histogram() { return running_ ? &histogram_ : nullptr; }
  // Adds the latency of a call that began then and has been answered now.
  void Add(uint64_t began) {
    if (running_) histogram_.Add(NowNanoseconds() - began);
  }

  // Returns false once the time is over.
  bool GoesOn();

  // Returns the rates, the CPU time of a call and the latencies of a load whose calls carry this
  // many bytes in both directions; 0 means that they do not matter.
  Figures Finish(uint64_t errors, size_t bytes_of_a_call) const;

 private:
  const MeasurementOptions options_;
  LatencyHistogram histogram_;
  bool running_ = false;
  uint64_t begin_;
  double server_cpu_ = 0;
  double own_cpu_ = 0;
};

void AddLatencies(const LatencyHistogram& histogram, Figures* figures);

// Returns what the server takes for one of this many connections that it holds.
// Units:   KiB.
Figures FiguresOfHeld(const MemoryUse& before, const MemoryUse& after, int connections,
                      uint64_t errors);

// Prints the figures as one JSON object, or says why there are none. It returns the exit status,
// which is 0 only if there are figures and they tell of no errors.
int Report(absl::string_view program, const absl::StatusOr<Figures>& figures);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_MEASUREMENT_H_
