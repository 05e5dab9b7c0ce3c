#ifndef RPYC_SERVER_KINDS_WORKER_POOL_H_
#define RPYC_SERVER_KINDS_WORKER_POOL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "rpyc/peer_wait.h"
#include "server/server_kind.h"
#include "server/session.h"

namespace rpyc {

// Threads that do the same over and over: wait for a session that has something to do, and serve
// it; so many at a time. While one waits for a peer in the middle (PeerWait), another does its
// share: calls that all wait for callbacks at once do not stop the rest.
// Kept alive by its threads, of which some may never return. Threads: any.
class WorkerPool : private PeerWait::Observer, public std::enable_shared_from_this<WorkerPool> {
 public:
  // A session that has something to do, by the owner's number of it.
  struct Ready {
    uint64_t number = 0;
    std::shared_ptr<Session> session = nullptr;
  };
  // Waits for one; without a session: none will ever come. Called by many threads at once.
  using Next = std::function<Ready()>;
  using Serve = std::function<void(const Ready&)>;

  WorkerPool(int size, Next next, Serve serve)
      : next_(std::move(next)), serve_(std::move(serve)), size_(size) {}

  // Errors:  kResourceExhausted - out of threads; those that were started end when `next` says so.
  absl::Status Start();
  // Lets one more work at a time, for good: where all may be stuck and something must be done yet.
  void GrowByOne();
  // Waits until all threads have ended, or until `deadline`, but for `stuck` calls that never will.
  // To be called once `next` gives null.
  void AwaitEnd(int64_t stuck, absl::Time deadline);

  ServerKindStats::Workers Stats() const;

 private:
  void Work();
  absl::Status StartWorker();
  bool NeedsReplacementLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool BecomeIdleOrSpareLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartReplacement();
  void BeginWait() override;
  void EndWait() override;

  const Next next_;
  const Serve serve_;

  mutable Mutex mutex_;
  CondVar spare_wanted_;  // a spare thread
  CondVar ended_;
  int size_ ABSL_GUARDED_BY(mutex_);
  // Threads are active, or wait for a peer, or are spare. Of the active some are idle: in `next_`.
  int active_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int spare_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int recalled_spares_ ABSL_GUARDED_BY(mutex_) = 0;  // of the spare: to go on, and idle already
  int64_t saturated_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_WORKER_POOL_H_
