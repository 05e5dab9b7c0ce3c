#include "server/session_ledger.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/time/clock.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// Close waits this long for a session whose socket has been shut, and for a process that was
// killed.
constexpr absl::Duration kGrace = absl::Seconds(1);

int64_t Next(std::atomic<int64_t>& counter) {
  return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

int64_t NewConnectionNumber() {
  static std::atomic<int64_t> connections{0};
  return Next(connections);
}

int64_t NewEndNumber() {
  static std::atomic<int64_t> ends{0};
  return Next(ends);
}

void AddCalls(const ConnectionCounters& counters, SessionLedger::Totals* totals) {
  totals->calls_total += counters.calls.load(std::memory_order_relaxed);
  totals->calls_failed += counters.calls_failed.load(std::memory_order_relaxed);
}

}  // namespace

int64_t SessionLedger::Began(Drainable* session, const std::string* peer,
                             const ConnectionCounters* counters) {
  const Live live = {session, peer, counters, absl::Now()};
  MutexLock lock(&mutex_);
  const int64_t number = NewConnectionNumber();
  live_.emplace(number, live);
  ++totals_.connections_total;
  return number;
}

void SessionLedger::UseCounters(int64_t number, const ConnectionCounters* counters) {
  MutexLock lock(&mutex_);
  const auto found = live_.find(number);
  RPYC_ASSERT(found != live_.end());
  found->second.counters = counters;
}

absl::Status SessionLedger::Ended(int64_t number, absl::Status status) {
  MutexLock lock(&mutex_);
  const auto found = live_.find(number);
  RPYC_ASSERT(found != live_.end());
  const Live& live = found->second;
  if (live.closing != Closing::kNo) {
    status = absl::CancelledError(live.closing == Closing::kKilled
                                      ? "closed by an operator; its process had to be killed"
                                      : "closed by an operator");
  }
  AddCalls(*live.counters, &totals_);
  ConnectionRecord record = RecordOf(number, live);
  record.busy = false;
  record.end = {NewEndNumber(), absl::Now(), status};
  ends_.push_back(std::move(record));
  if (ends_.size() > kEndsKept) ends_.pop_front();
  live_.erase(found);
  if (closing_waiters_ > 0) ended_.SignalAll();
  return status;
}

void SessionLedger::Refused() {
  MutexLock lock(&mutex_);
  ++totals_.connections_refused;
}

int64_t SessionLedger::open() const {
  MutexLock lock(&mutex_);
  return static_cast<int64_t>(live_.size());
}

SessionLedger::Totals SessionLedger::totals() const {
  MutexLock lock(&mutex_);
  Totals totals = totals_;
  totals.connections_open = static_cast<int64_t>(live_.size());
  for (const auto& [number, live] : live_) AddCalls(*live.counters, &totals);
  return totals;
}

std::vector<int64_t> SessionLedger::Numbers() const {
  MutexLock lock(&mutex_);
  std::vector<int64_t> numbers;
  numbers.reserve(live_.size());
  for (const auto& [number, live] : live_) numbers.push_back(number);
  return numbers;
}

std::optional<ConnectionRecord> SessionLedger::Get(int64_t number) const {
  MutexLock lock(&mutex_);
  return GetLocked(number);
}

std::vector<ConnectionRecord> SessionLedger::Ends() const {
  MutexLock lock(&mutex_);
  return {ends_.rbegin(), ends_.rend()};
}

std::optional<ConnectionRecord> SessionLedger::Close(int64_t number, absl::Duration drain_timeout) {
  MutexLock lock(&mutex_);
  const auto live = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> Live* {
    const auto found = live_.find(number);
    return found == live_.end() ? nullptr : &found->second;
  };
  if (Live* const open = live(); open != nullptr) {
    open->closing = std::max(open->closing, Closing::kClosed);
    const absl::Time deadline = absl::Now() + drain_timeout;
    open->session->Drain(deadline);
    AwaitEndLocked(number, deadline);
  }
  if (Live* const open = live(); open != nullptr) {
    open->session->Shutdown();
    AwaitEndLocked(number, absl::Now() + kGrace);
  }
  if (Live* const open = live(); open != nullptr && open->session->process_id() != 0) {
    open->closing = Closing::kKilled;
    open->session->Kill();
    AwaitEndLocked(number, absl::Now() + kGrace);
  }
  return GetLocked(number);
}

ConnectionRecord SessionLedger::RecordOf(int64_t number, const Live& live) {
  const ConnectionCounters& counters = *live.counters;
  return {.number = number,
          .peer = *live.peer,
          .start_time = live.start_time,
          .authenticating = !counters.open.load(std::memory_order_relaxed),
          .busy = live.session->busy(),
          .dialect = counters.dialect.load(std::memory_order_relaxed),
          .calls_total = counters.calls.load(std::memory_order_relaxed),
          .calls_failed = counters.calls_failed.load(std::memory_order_relaxed),
          .received_bytes = counters.received_bytes.load(std::memory_order_relaxed),
          .sent_bytes = counters.sent_bytes.load(std::memory_order_relaxed),
          .process_id = live.session->process_id()};
}

std::optional<ConnectionRecord> SessionLedger::GetLocked(int64_t number) const {
  const auto open = live_.find(number);
  if (open != live_.end()) return RecordOf(number, open->second);
  const auto ended = std::find_if(ends_.rbegin(), ends_.rend(),
                                  [&](const auto& record) { return record.number == number; });
  if (ended != ends_.rend()) return *ended;
  return std::nullopt;
}

void SessionLedger::AwaitEndLocked(int64_t number, absl::Time deadline) {
  ++closing_waiters_;
  while (live_.contains(number) && ended_.WaitUntil(&mutex_, deadline)) {
  }
  --closing_waiters_;
}

}  // namespace rpyc
