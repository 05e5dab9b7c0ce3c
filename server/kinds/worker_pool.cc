#include "server/kinds/worker_pool.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// While more threads of a pool than this wait for peers, no replacement is started.
constexpr int kMaxWaitingThreads = 1000;
// A replacement thread that is not needed any more is kept as a spare for this long.
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

void WorkerPool::GrowByOne() {
  {
    MutexLock lock(&mutex_);
    ++size_;
  }
  StartReplacement();
}

void WorkerPool::AwaitEnd(int64_t stuck, absl::Time deadline) {
  MutexLock lock(&mutex_);
  ending_ = true;
  spare_wanted_.SignalAll();
  const auto left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return idle_threads_ + spare_threads_ > 0 ? INT64_MAX
                                              : int64_t{active_threads_} + waiting_threads_;
  };
  while (left() > stuck && ended_.WaitUntil(&mutex_, deadline)) {
  }
}

ServerKindStats::Workers WorkerPool::Stats() const {
  MutexLock lock(&mutex_);
  return {.size = size_,
          .busy = active_threads_ - idle_threads_,
          .waiting = waiting_threads_,
          .saturated = saturated_};
}

absl::Status WorkerPool::StartWorker() {
  {
    MutexLock lock(&mutex_);
    ++active_threads_;
    ++idle_threads_;
  }
  absl::Status started = StartThread([self = shared_from_this()] { self->Work(); });
  if (!started.ok()) {
    MutexLock lock(&mutex_);
    --active_threads_;
    --idle_threads_;
  }
  return started;
}

void WorkerPool::Work() {
  BlockedOnPeer::ObserveThisThread(this);
  for (;;) {
    Ready ready = next_();
    if (ready.session == nullptr) break;
    bool needs_replacement;
    {
      MutexLock lock(&mutex_);
      RPYC_ASSERT(idle_threads_ > 0);
      --idle_threads_;
      needs_replacement = NeedsReplacementLocked();
      if (idle_threads_ == 0 && !needs_replacement) ++saturated_;
    }
    if (needs_replacement) StartReplacement();
    serve_(ready);
    ready.session.reset();  // this may run user code, so no lock is held
    MutexLock lock(&mutex_);
    if (!BecomeIdleOrSpareLocked()) return ended_.SignalAll();
  }
  MutexLock lock(&mutex_);
  RPYC_ASSERT(idle_threads_ > 0);
  --active_threads_;
  --idle_threads_;
  ended_.SignalAll();
}

bool WorkerPool::NeedsReplacementLocked() {
  return idle_threads_ == 0 && active_threads_ < size_ && !ending_;
}

bool WorkerPool::BecomeIdleOrSpareLocked() {
  if (active_threads_ <= size_) {
    ++idle_threads_;
    return true;
  }
  --active_threads_;
  ++spare_threads_;
  const absl::Time until = absl::Now() + kSpareTime;
  while (recalled_spares_ == 0 && !ending_ && spare_wanted_.WaitUntil(&mutex_, until)) {
  }
  RPYC_ASSERT(recalled_spares_ <= spare_threads_);
  --spare_threads_;
  if (recalled_spares_ == 0) return false;
  --recalled_spares_;
  return true;
}

void WorkerPool::StartReplacement() {
  {
    MutexLock lock(&mutex_);
    if (!NeedsReplacementLocked() || waiting_threads_ > kMaxWaitingThreads) return;
    if (spare_threads_ > recalled_spares_) {
      ++recalled_spares_;
      ++active_threads_;
      ++idle_threads_;
      return spare_wanted_.Signal();
    }
  }
  absl::Status started = StartWorker();
  if (!started.ok()) LogWarning("a pool is short of a thread: ", started.message());
}

void WorkerPool::BeginWait() {
  bool needs_replacement;
  {
    MutexLock lock(&mutex_);
    --active_threads_;
    ++waiting_threads_;
    needs_replacement = NeedsReplacementLocked();
  }
  if (needs_replacement) StartReplacement();
}

void WorkerPool::EndWait() {
  MutexLock lock(&mutex_);
  RPYC_ASSERT(waiting_threads_ > 0);
  --waiting_threads_;
  ++active_threads_;
}

}  // namespace rpyc
