#include "server/session_ledger.h"

namespace rpyc {
namespace {

void AddCalls(const ConnectionCounters& counters, SessionLedger::Totals* totals) {
  totals->calls_total += counters.calls.load(std::memory_order_relaxed);
  totals->calls_failed += counters.calls_failed.load(std::memory_order_relaxed);
}

}  // namespace

void SessionLedger::Began(const ConnectionCounters* counters) {
  MutexLock lock(&mutex_);
  live_.insert(counters);
  ++totals_.connections_total;
}

void SessionLedger::Ended(const ConnectionCounters* counters) {
  MutexLock lock(&mutex_);
  live_.erase(counters);
  AddCalls(*counters, &totals_);
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
  for (const ConnectionCounters* counters : live_) AddCalls(*counters, &totals);
  return totals;
}

}  // namespace rpyc
