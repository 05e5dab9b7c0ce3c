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

// Notices that a loop is blocked: that a fiber has kept the thread for long. It counts the blocks
// and names the method in the log, once while a block lasts and once when it is over.
// Threads: Begin and End are the loop's; the rest, any.
class LoopMonitor {
 public:
  // A fiber that keeps the thread this long blocks the loop.
  static constexpr absl::Duration kBlockedAfter = absl::Milliseconds(100);

  // At most one block of a loop is logged in this time.
  static constexpr absl::Duration kLogInterval = absl::Seconds(1);

  struct Stats {
    int64_t blocked = 0;         // how often the loop was blocked
    absl::Duration longest;      // the longest block
    std::string longest_by;      // the method that caused it; empty: it was no method
    absl::Duration blocked_for;  // how long the present block has lasted; zero: there is none
    std::string blocked_by;      // the method that causes it
  };

  // `label` names the loop in the log.
  explicit LoopMonitor(std::string label) : label_(std::move(label)) {}

  // A fiber begins to run, and publishes in `name` which method it runs.
  // Units:   nanoseconds of the steady clock, here and below.
  void Begin(const PublishedName* name, int64_t now) {
    name_.store(name, std::memory_order_relaxed);
    since_.store(now, std::memory_order_release);
  }
  // It has given the thread back.
  void End(int64_t now) {
    const int64_t since = since_.load(std::memory_order_relaxed);
    since_.store(0, std::memory_order_release);
    if (now - since >= absl::ToInt64Nanoseconds(kBlockedAfter)) OnBlockEnded(since, now);
  }

  // Logs a block that still lasts. Another thread calls it a few times a second. Never waits.
  void Tick(int64_t now);
  Stats stats(int64_t now) const;

 private:
  // Counts a block that began at `since`, and logs it. Takes mutex_.
  // Threads: the loop's.
  void OnBlockEnded(int64_t since, int64_t now);

  const std::string label_;
  std::atomic<const PublishedName*> name_{nullptr};  // valid as long as the loop is
  std::atomic<int64_t> since_{0};                    // 0: no fiber runs

  mutable Mutex mutex_;
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  int64_t logged_block_ ABSL_GUARDED_BY(mutex_) = 0;  // when the last block in the log began
  Throttle log_throttle_{kLogInterval};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_LOOP_MONITOR_H_
