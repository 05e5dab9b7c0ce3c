#include "server/kinds/session_set.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// After the deadline Drain waits this long for calls that end because their socket was shut.
constexpr absl::Duration kShutGrace = absl::Milliseconds(100);
// Then it waits this long for sessions that are in no call: they need only finish their ending.
constexpr absl::Duration kIdleEndGrace = absl::Seconds(2);

}  // namespace

absl::Status ServerIsClosing() { return absl::CancelledError("the server is closing"); }

bool SessionSet::Add(const SessionPtr& session) {
  MutexLock lock(&mutex_);
  if (draining_) return false;
  open_.insert(session);
  return true;
}

void SessionSet::Remove(const SessionPtr& session) {
  MutexLock lock(&mutex_);
  const size_t erased = open_.erase(session);
  RPYC_ASSERT(erased == 1);
  removed_.SignalAll();
}

void SessionSet::Drain(absl::Time deadline) {
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    drain_deadline_ = std::min(drain_deadline_, deadline);
    removed_.SignalAll();  // another Drain may be waiting for a later deadline
  }
  for (const SessionPtr& session : Snapshot()) session->Drain(deadline);
  {
    MutexLock lock(&mutex_);
    while (!open_.empty() && absl::Now() < drain_deadline_) {
      removed_.WaitUntil(&mutex_, drain_deadline_);
    }
  }
  for (const SessionPtr& session : Snapshot()) session->Shutdown();
  MutexLock lock(&mutex_);
  const absl::Time grace = absl::Now() + kShutGrace;
  while (!open_.empty() && removed_.WaitUntil(&mutex_, grace)) {
  }
  const absl::Time goodbye = absl::Now() + kIdleEndGrace;
  while (AnyIdleLocked() && removed_.WaitUntil(&mutex_, goodbye)) {
  }
  abandoned_ = static_cast<int64_t>(open_.size());
}

ServerKindStats SessionSet::Stats() const {
  MutexLock lock(&mutex_);
  return {.sessions_open = static_cast<int64_t>(open_.size()), .abandoned_calls = abandoned_};
}

std::vector<SessionSet::SessionPtr> SessionSet::Snapshot() const {
  MutexLock lock(&mutex_);
  return {open_.begin(), open_.end()};
}

bool SessionSet::AnyIdleLocked() const {
  return std::any_of(open_.begin(), open_.end(),
                     [](const SessionPtr& session) { return !session->busy(); });
}

}  // namespace rpyc
