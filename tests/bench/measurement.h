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

// What every load generator measures, and how it says so, whatever it speaks.
namespace rpyc::bench {

// Nanoseconds of a clock that only goes forward.
uint64_t NowNanoseconds();

// Named numbers, in the order they are printed in.
using Figures = std::vector<std::pair<std::string, double>>;

struct MeasurementOptions {
  int server_pid = 0;  // whose CPU time counts; 0: nobody's
  double seconds = 1;
  double warmup_seconds = 0.25;
};

// What is measured: begins after the warm-up, ends when the time is over. Threads: one.
class Measurement {
 public:
  explicit Measurement(const MeasurementOptions& options);

  // Where latencies go now; null during the warm-up.
  LatencyHistogram* histogram() { return running_ ? &histogram_ : nullptr; }
  // A call that began then has been answered now.
  void Add(uint64_t began) {
    if (running_) histogram_.Add(NowNanoseconds() - began);
  }

  // False once the time is over.
  bool GoesOn();

  // Rates, CPU time of a call, and latencies, of a load whose calls carry so many bytes, both
  // directions; 0 where they do not matter.
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

// Of so many connections that a server holds: what it takes for one. Units: KiB.
Figures FiguresOfHeld(const MemoryUse& before, const MemoryUse& after, int connections,
                      uint64_t errors);

// Prints the figures as one JSON object, or why there are none. Returns the exit status: not 0 if
// there are none, or if they tell of errors.
int Report(absl::string_view program, const absl::StatusOr<Figures>& figures);

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_MEASUREMENT_H_
