#include "server/watcher.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/assert.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "server/heap_trimmer.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {

class Watcher::WatchLoop : public std::enable_shared_from_this<WatchLoop> {
 public:
  WatchLoop(bool has_thread, std::shared_ptr<const ByteBudget> budget)
      : has_thread_(has_thread), trimmer_(std::move(budget)) {}

  void Add(Watched* watched) {
    MutexLock lock(&mutex_);
    watched_.insert(watched);
    if (asleep_) changed_.Signal();
    if (running_ || !has_thread_) return;
    absl::Status started = StartThread([loop = shared_from_this()] { loop->Watch(); });
    running_ = started.ok();
    if (!running_) LogWarning("connections are not watched: ", started.message());
  }

  void Remove(Watched* watched) {
    MutexLock lock(&mutex_);
    const size_t erased = watched_.erase(watched);
    RPYC_ASSERT(erased == 1);
  }

  void Tick() {
    MutexLock lock(&mutex_);
    for (Watched* watched : watched_) watched->Tick();
  }

  void Stop() {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }

 private:
  // The thread: ticks until Stop.
  void Watch() {
    MutexLock lock(&mutex_);
    while (!stopping_) {
      if (watched_.empty() && !trimmer_.pending()) {
        asleep_ = true;
        changed_.Wait(&mutex_);
        asleep_ = false;
        continue;
      }
      const absl::Time next = absl::Now() + Connection::kTickInterval;
      while (!stopping_ && changed_.WaitUntil(&mutex_, next)) {
      }
      for (Watched* watched : watched_) watched->Tick();
      mutex_.Unlock();
      trimmer_.Tick();
      mutex_.Lock();
    }
  }

  const bool has_thread_;
  HeapTrimmer trimmer_;  // the thread's
  Mutex mutex_;
  CondVar changed_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool asleep_ ABSL_GUARDED_BY(mutex_) = false;  // the thread waits for a connection
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_set<Watched*> watched_ ABSL_GUARDED_BY(mutex_);
};

Watcher::Watcher(std::shared_ptr<const ByteBudget> budget)
    : loop_(std::make_shared<WatchLoop>(/*has_thread=*/true, std::move(budget))) {}

Watcher::Watcher(NoThread) : loop_(std::make_shared<WatchLoop>(/*has_thread=*/false, nullptr)) {}

Watcher::~Watcher() { loop_->Stop(); }

void Watcher::Add(Watched* watched) { loop_->Add(watched); }

void Watcher::Remove(Watched* watched) { loop_->Remove(watched); }

void Watcher::Tick() { loop_->Tick(); }

}  // namespace rpyc
