#ifndef RPYC_THROTTLE_H_
#define RPYC_THROTTLE_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/time/time.h"

namespace rpyc {

// Lets something happen at most once in an interval, for example a line in the log, and counts how
// often it held it back.
// Threads: any.
class Throttle {
 public:
  explicit Throttle(absl::Duration interval) : interval_(interval) {}

  // Asks to let it happen. Returns how often it was held back since the last time that it happened;
  // nullopt: it is held back now. `now` may be of any clock, the same one in each call.
  std::optional<int64_t> Pass(absl::Time now) {
    int64_t next = next_unix_nanos_.load();
    if (absl::ToUnixNanos(now) < next ||
        !next_unix_nanos_.compare_exchange_strong(next, absl::ToUnixNanos(now + interval_))) {
      held_back_.fetch_add(1);
      return std::nullopt;
    }
    return held_back_.exchange(0);
  }
  // The time from which on it may happen again.
  absl::Time next() const { return absl::FromUnixNanos(next_unix_nanos_.load()); }
  // Lets it happen again at once, and forgets what was held back.
  void Reset() {
    next_unix_nanos_.store(kAnyTime);
    held_back_.store(0);
  }

 private:
  static constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::min();

  const absl::Duration interval_;
  std::atomic<int64_t> next_unix_nanos_{kAnyTime};
  std::atomic<int64_t> held_back_{0};
};

}  // namespace rpyc

#endif  // RPYC_THROTTLE_H_
