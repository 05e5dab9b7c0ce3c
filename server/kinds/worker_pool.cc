#include "server/kinds/worker_pool.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// Calls that may wait for peers and be stood in for, in one pool.
constexpr int kMostWaiting = 1000;
// For how long a thread that was needed as a stand-in is kept for the next time.
constexpr absl::Duration kSpareTime = absl::Seconds(1);

}  // namespace

absl::Status WorkerPool::Start() {
  int size;
  {
    MutexLock lock(&mutex_);
    size = size_;
  }
  for (int i = 0; i < size; ++i) {
    if (absl::Status started = StartWorker(); !started.ok()) return started;
  }
  return absl::OkStatus();
}

void WorkerPool::AddOne() {
  {
    MutexLock lock(&mutex_);
    ++size_;
  }
  StandIn();
}

void WorkerPool::AwaitEnd(int64_t stuck, absl::Time deadline) {
  MutexLock lock(&mutex_);
  ending_ = true;
  wanted_.SignalAll();
  const auto left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return idle_ + spare_ > 0 ? INT64_MAX : int64_t{active_} + waiting_;
  };
  while (left() > stuck && ended_.WaitUntil(&mutex_, deadline)) {
  }
}

ServerKindStats::Workers WorkerPool::Stats() const {
  MutexLock lock(&mutex_);
  return {.size = size_, .busy = active_ - idle_, .waiting = waiting_, .saturated = saturated_};
}

absl::Status WorkerPool::StartWorker() {
  {
    MutexLock lock(&mutex_);
    ++active_;
    ++idle_;
  }
  absl::Status started = StartThread([self = shared_from_this()] { self->Work(); });
  if (!started.ok()) {
    MutexLock lock(&mutex_);
    --active_;
    --idle_;
  }
  return started;
}

void WorkerPool::Work() {
  BlockedOnPeer::ObserveThisThread(this);
  for (;;) {
    Ready ready = next_();
    if (ready.session == nullptr) break;
    bool one_more;
    {
      MutexLock lock(&mutex_);
      --idle_;
      one_more = NeedsOneMoreLocked();
      if (idle_ == 0 && !one_more) ++saturated_;
    }
    if (one_more) StandIn();
    serve_(ready);
    ready.session.reset();  // perhaps its last owner
    MutexLock lock(&mutex_);
    if (!GoesOnLocked()) return ended_.SignalAll();
  }
  MutexLock lock(&mutex_);
  --active_;
  --idle_;
  ended_.SignalAll();
}

// Whether nobody is left to find what comes next, though not enough are at work.
bool WorkerPool::NeedsOneMoreLocked() { return idle_ == 0 && active_ < size_ && !ending_; }

// After a session: becomes idle, or spare where others stand in for this thread. False: it is not
// needed any more.
bool WorkerPool::GoesOnLocked() {
  if (active_ <= size_) {
    ++idle_;
    return true;
  }
  --active_;
  ++spare_;
  const absl::Time until = absl::Now() + kSpareTime;
  while (called_ == 0 && !ending_ && wanted_.WaitUntil(&mutex_, until)) {
  }
  --spare_;
  if (called_ == 0) return false;
  --called_;
  return true;
}

// Has one more thread work, if that still is needed.
void WorkerPool::StandIn() {
  {
    MutexLock lock(&mutex_);
    if (!NeedsOneMoreLocked() || waiting_ > kMostWaiting) return;
    if (spare_ > called_) {
      ++called_;
      ++active_;
      ++idle_;
      return wanted_.Signal();
    }
  }
  absl::Status started = StartWorker();
  if (!started.ok()) LogWarning("a pool is short of a thread: ", started.message());
}

void WorkerPool::BeginWait() {
  bool one_more;
  {
    MutexLock lock(&mutex_);
    --active_;
    ++waiting_;
    one_more = NeedsOneMoreLocked();
  }
  if (one_more) StandIn();
}

void WorkerPool::EndWait() {
  MutexLock lock(&mutex_);
  --waiting_;
  ++active_;
}

}  // namespace rpyc
