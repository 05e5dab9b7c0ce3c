#include "tests/bench/measurement.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace rpyc::bench {

uint64_t NowNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Measurement::Measurement(const MeasurementOptions& options)
    : options_(options),
      begin_(NowNanoseconds() + static_cast<uint64_t>(options.warmup_seconds * 1e9)) {}

bool Measurement::GoesOn() {
  const uint64_t now = NowNanoseconds();
  if (!running_ && now >= begin_) {
    running_ = true;
    begin_ = now;
    server_cpu_ = CpuSeconds(options_.server_pid);
    own_cpu_ = CpuSeconds(::getpid());
  }
  return !running_ || now < begin_ + static_cast<uint64_t>(options_.seconds * 1e9);
}

Figures Measurement::Finish(uint64_t errors, size_t bytes_of_a_call) const {
  const double seconds = static_cast<double>(NowNanoseconds() - begin_) / 1e9;
  const double server_cpu = CpuSeconds(options_.server_pid) - server_cpu_;
  const double own_cpu = CpuSeconds(::getpid()) - own_cpu_;
  const auto calls = static_cast<double>(histogram_.count());
  Figures figures = {{"calls_per_s", calls / seconds},
                     {"mb_per_s", calls * static_cast<double>(bytes_of_a_call) / seconds / 1e6},
                     {"server_cpu_us", server_cpu * 1e6 / std::max(calls, 1.0)},
                     {"client_cpu_us", own_cpu * 1e6 / std::max(calls, 1.0)},
                     {"calls", calls},
                     {"errors", static_cast<double>(errors)}};
  AddLatencies(histogram_, &figures);
  return figures;
}

void AddLatencies(const LatencyHistogram& histogram, Figures* figures) {
  figures->emplace_back("p50_us", histogram.Quantile(0.5) / 1e3);
  figures->emplace_back("p99_us", histogram.Quantile(0.99) / 1e3);
  figures->emplace_back("p999_us", histogram.Quantile(0.999) / 1e3);
  figures->emplace_back("max_us", static_cast<double>(histogram.max()) / 1e3);
}

Figures FiguresOfHeld(const MemoryUse& before, const MemoryUse& after, int connections,
                      uint64_t errors) {
  return {{"answered", connections},
          {"rss_kib", static_cast<double>(after.rss_kib - before.rss_kib) / connections},
          {"pss_kib", static_cast<double>(after.pss_kib - before.pss_kib) / connections},
          {"errors", static_cast<double>(errors)}};
}

int Report(absl::string_view program, const absl::StatusOr<Figures>& figures) {
  if (!figures.ok()) {
    absl::FPrintF(stderr, "%s: %s\n", program, figures.status().message());
    return 1;
  }
  absl::PrintF("{%s}\n", absl::StrJoin(*figures, ", ", [](std::string* out, const auto& figure) {
                 absl::StrAppendFormat(out, "\"%s\": %.6g", figure.first, figure.second);
               }));
  for (const auto& [name, figure] : *figures) {
    if (name != "errors" || figure == 0) continue;
    absl::FPrintF(stderr, "%s: the server answered wrongly\n", program);
    return 3;
  }
  return 0;
}

}  // namespace rpyc::bench
