#ifndef RPYC_SERVER_KINDS_WORKER_POOL_H_
#define RPYC_SERVER_KINDS_WORKER_POOL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/blocked_on_peer.h"
#include "rpyc/mutex.h"
#include "server/server_kind.h"
#include "server/session.h"

namespace rpyc {

// Threads that wait for a session that has something to do, serve it, and wait again. At most
// `size` threads are active at a time. While a call of one waits for its peer (BlockedOnPeer), that
// thread does not count, and a replacement thread works in its place: calls that all wait for
// callbacks do not stop the other connections. Its threads keep it alive, and some of them may
// never return.
// Threads: any.
class WorkerPool : private BlockedOnPeer::Observer,
                   public std::enable_shared_from_this<WorkerPool> {
 public:
  // A session that has something to do, and the owner's number for it.
  struct Ready {
    uint64_t number = 0;
    std::shared_ptr<Session> session = nullptr;
  };
  // Waits for a ready session. Returns none once no further one will come.
  // Threads: many at once.
  using Next = std::function<Ready()>;
  using Serve = std::function<void(const Ready&)>;

  WorkerPool(int size, Next next, Serve serve)
      : next_(std::move(next)), serve_(std::move(serve)), size_(size) {}

  // Starts the threads.
  // Errors:  kResourceExhausted - out of threads; those that have started end when `next` says so.
  absl::Status Start();
  // Raises the size by one, for good: all threads may be stuck when there is still something to do.
  void GrowByOne();
  // Waits until no more than `stuck` threads run, or until `deadline`. Call it once `next` returns
  // no session.
  void AwaitEnd(int64_t stuck, absl::Time deadline);

  ServerKindStats::Workers Stats() const;

 private:
  // Serves sessions until there are none or the thread is not needed. This is the body of each
  // thread of the pool.
  void Work();
  // Starts a thread, which counts as active and idle from now on; takes mutex_.
  // Threads: any.
  absl::Status StartWorker();
  // Whether no thread waits for the next session though fewer than `size_` are active.
  // Threads: any.
  bool NeedsReplacementLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Counts the calling thread, which has just served a session, as idle; or as spare, and waits
  // until it is recalled, if `size_` threads are active without it. Returns false if it is not
  // needed any more.
  // Threads: the pool's.
  bool BecomeIdleOrSpareLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Recalls a spare thread or starts a new one, if a replacement is still needed; takes mutex_.
  // Threads: any.
  void StartReplacement();
  // BlockedOnPeer::Observer: the calling thread's call begins, or has ended, to wait for its peer;
  // both take mutex_.
  // Threads: the pool's.
  void BeginWait() override;
  void EndWait() override;

  const Next next_;
  const Serve serve_;

  mutable Mutex mutex_;
  CondVar spare_wanted_;  // a spare thread is recalled, or the pool ends
  CondVar ended_;
  int size_ ABSL_GUARDED_BY(mutex_);
  // A thread is active, or waits for a peer, or is spare. An active thread in `next_` is idle.
  int active_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int spare_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int recalled_spares_ ABSL_GUARDED_BY(mutex_) = 0;  // have to go on, and count as idle already
  int64_t saturated_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_WORKER_POOL_H_
