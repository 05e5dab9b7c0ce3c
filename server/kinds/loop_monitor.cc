#include "server/kinds/loop_monitor.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/log.h"

namespace rpyc {
namespace {

// How the log names what blocked a loop.
std::string Culprit(const std::string& method) {
  return method.empty() ? "something that is no method" : absl::StrCat(method, "()");
}

std::string Text(absl::Duration duration) {
  return absl::FormatDuration(absl::Floor(duration, absl::Milliseconds(1)));
}

}  // namespace

void LoopMonitor::Tick(int64_t now) {
  const int64_t since = since_.load(std::memory_order_acquire);
  const absl::Duration lasts = absl::Nanoseconds(now - since);
  if (since == 0 || lasts < kBlockedAfter) return;
  {
    MutexLock lock(&mutex_);
    if (logged_block_ == since || !log_throttle_.Pass(absl::FromUnixNanos(now)).has_value()) return;
    logged_block_ = since;
  }
  LogWarning(label_, ": blocked for ", Text(lasts), " so far, by ",
             Culprit(name_.load(std::memory_order_relaxed)->Read()), ": all its connections wait");
}

void LoopMonitor::OnBlockEnded(int64_t since, int64_t now) {
  const absl::Duration lasted = absl::Nanoseconds(now - since);
  std::string method = name_.load(std::memory_order_relaxed)->Read();
  bool log;
  {
    MutexLock lock(&mutex_);
    ++stats_.blocked;
    if (lasted > stats_.longest) {
      stats_.longest = lasted;
      stats_.longest_by = method;
    }
    // The second line about a block that was logged while it lasted is always written.
    if (logged_block_ == since) log_throttle_.Reset();
    log = log_throttle_.Pass(absl::FromUnixNanos(now)).has_value();
  }
  if (log) LogWarning(label_, ": was blocked for ", Text(lasted), ", by ", Culprit(method));
}

LoopMonitor::Stats LoopMonitor::stats(int64_t now) const {
  Stats stats;
  {
    MutexLock lock(&mutex_);
    stats = stats_;
  }
  const int64_t since = since_.load(std::memory_order_acquire);
  const absl::Duration lasts = absl::Nanoseconds(now - since);
  if (since != 0 && lasts >= kBlockedAfter) {
    stats.blocked_for = lasts;
    stats.blocked_by = name_.load(std::memory_order_relaxed)->Read();
  }
  return stats;
}

}  // namespace rpyc
