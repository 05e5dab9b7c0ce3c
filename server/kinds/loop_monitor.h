#ifndef RPYC_SERVER_KINDS_LOOP_MONITOR_H_
#define RPYC_SERVER_KINDS_LOOP_MONITOR_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "rpyc/throttle.h"
#include "server/kinds/published_name.h"

namespace rpyc {

// Sees that a loop is blocked: that what a fiber runs has not given the thread back for long. Names
// the method, in the log while it lasts and when it is over, and counts.
// Threads: Begin and End by the loop's, the rest by any.
class LoopMonitor {
 public:
  // From here on it counts as blocked.
  static constexpr absl::Duration kBlockedAfter = absl::Milliseconds(100);

  // At most one block of a loop is logged in this time.
  static constexpr absl::Duration kLogInterval = absl::Seconds(1);

  struct Stats {
    int64_t blocked = 0;  // so often so far
    absl::Duration longest;
    std::string longest_by;      // a method's name; empty: something else
    absl::Duration blocked_for;  // now; zero: it is not
    std::string blocked_by;
  };

  // `label` names the loop, for the log.
  explicit LoopMonitor(std::string label) : label_(std::move(label)) {}

  // A fiber runs, which shows what it runs by `name`. Units:  nanoseconds of the steady clock.
  void Begin(const PublishedName* name, int64_t now) {
    name_.store(name, std::memory_order_relaxed);
    since_.store(now, std::memory_order_release);
  }
  void End(int64_t now) {
    const int64_t since = since_.load(std::memory_order_relaxed);
    since_.store(0, std::memory_order_release);
    if (now - since >= absl::ToInt64Nanoseconds(kBlockedAfter)) OnBlockEnded(since, now);
  }

  // To be called now and then, by another thread. Never waits.
  void Tick(int64_t now);
  Stats stats(int64_t now) const;

 private:
  void OnBlockEnded(int64_t since, int64_t now);

  const std::string label_;
  std::atomic<const PublishedName*> name_{nullptr};  // valid as long as the loop
  std::atomic<int64_t> since_{0};                    // 0: nothing runs

  mutable Mutex mutex_;
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  int64_t logged_block_ ABSL_GUARDED_BY(mutex_) = 0;  // the last that was, by its beginning
  Throttle log_throttle_{kLogInterval};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_LOOP_MONITOR_H_
