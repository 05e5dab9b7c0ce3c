#ifndef RPYC_ACTIVITY_H_
#define RPYC_ACTIVITY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "rpyc/call_context.h"
#include "rpyc/channel.h"
#include "rpyc/job.h"
#include "rpyc/limits.h"
#include "rpyc/mutex.h"
#include "rpyc/pending_request.h"
#include "rpyc/stream.h"

namespace rpyc {

// Decides which thread reads a connection and which one runs its requests. All threads that wait on
// the connection are equal, whether they wait for the peer's requests or for an answer:
//
//   The read side (the stream's reading direction and the parser) belongs to one thread at a time.
//   A thread that waits and finds it free takes it.
//   The run lock is the right to run the peer's requests, which run one at a time. A request that
//   is read while another thread has the run lock is kept as a job for a thread that can take the
//   lock next. A call that waits for a peer, of whichever connection, yields the lock meanwhile, as
//   a monitor does.
//
// Both are bits of one atomic word: where one thread serves the connection, a request costs two
// locked instructions here. The mutex is needed only when several threads wait.
//
// The watcher may have the read side too. A stock Python peer dies when a write of its makes no
// progress for 3 s, a 6.x peer's close() waits until its CLOSE is seen, and a call whose peer has
// gone should be told. So the watcher calls Tick ten times a second. Where three ticks find the
// same request running and no thread reading, it reads ahead into the stream's buffer, up to
// max_read_ahead_bytes and after that only a trickle, enough for the peer not to die. At the end of
// the stream, or at a CLOSE, it sets `cancelled`.
//
// A connection is *idle* while no thread reads it, waits on it or runs a request of it. One that
// has a thread of its own is never idle for long; where threads serve many connections it is idle
// most of the time, and then has its descriptor watched.
//
// Borrows everything.
// Threads: any, except as said.
class Activity {
 public:
  // `prefix_bytes` are in front of the message in each payload.
  Activity(const Limits& limits, Stream* stream, const FrameParser* parser,
           CallContext::Caller* caller, size_t prefix_bytes = 0)
      : limits_(limits),
        stream_(stream),
        parser_(parser),
        caller_(caller),
        prefix_bytes_(prefix_bytes) {}

  // Has `on_idle` called whenever the connection has become idle, and now and then when it is only
  // nearly so. `unserved` says that there is something to do that no descriptor tells of. The
  // thread that left the connection calls it, perhaps under a lock, so it must not call back.
  // Call this before the connection is used.
  void OnIdle(std::function<void(bool unserved)> on_idle) { on_idle_ = std::move(on_idle); }

  using JobList = std::list<std::unique_ptr<Job>>;

  // --- For threads that wait. ---

  enum class WaitResult {
    kMayRead,   // this thread has the read side
    kMayRun,    // this thread has the run lock, and a job to run
    kAnswered,  // `awaited` is ready
    kTimeout,   // `deadline` has passed
    kEnded,     // the connection has ended
  };
  // Waits until there is something to do. `awaited` may be null.
  WaitResult Wait(const PendingRequest* awaited, absl::Time deadline, std::unique_ptr<Job>* job);
  // Takes the read side, if no thread has it or waits for it.
  bool TryTakeReadSide() { return TryChange(0, kReadSideHeld | kNeedsMutex, kReadSideHeld, 0); }
  // Says, where threads are bound, that this thread sends a request and will wait for its answer,
  // so that jobs for this thread are kept for it until EndCall. Calls nest.
  void BeginCall();
  void EndCall();
  // Wakes the threads that wait for `request`, which is ready.
  void NotifyAnswered(const PendingRequest& request);

  // --- For the thread that has the read side. ---

  // Exchanges the read side for the run lock. False: the thread keeps the read side, for the run
  // lock is taken, other threads or jobs are before it, or `for_thread` is another thread that
  // waits. A `for_thread` of 0 means that any thread may run the request.
  bool BeginRun(uint64_t for_thread = 0);
  // Releases the read side. `unserved` says whether messages, or pieces of them, are left that the
  // parser or the stream has read already.
  void ReleaseReadSide(bool unserved = false);
  // The same for a thread that read ahead without parsing: what was left before is still left.
  void ReleaseReadSideUnparsed() {
    ReleaseReadSide((state_.load() & kUnserved) != 0 || stream_->has_buffered());
  }
  // Keeps a request for the thread that takes the run lock next; drops it if the connection has
  // ended. A reader reads no more while HasRoomForJobs is false.
  void AddJob(Job&& job);
  bool HasRoomForJobs() const { return job_bytes_.load() < limits_.max_read_ahead_bytes; }
  // What a reader has to know of jobs: that there are none, that one could be run now, or that all
  // wait for the run lock, which may become free while no other thread is there to take it.
  enum class Jobs { kNone, kReady, kWaiting };
  Jobs jobs();

  // --- For the thread that has the run lock. ---

  // Exchanges the run lock for the read side. False: another thread has the read side, or jobs are
  // waiting; the thread has neither then.
  bool EndRun();
  // Yields the run lock while a call waits, and takes it again. With `bound`, which is the same in
  // both, no other thread has it meanwhile.
  void YieldRunLock(bool bound);
  void RetakeRunLock(bool bound);

  // --- For any thread. ---

  // Asks the connection to end as soon as no request runs and none that was received waits.
  void Drain() { state_.fetch_or(kDraining); }
  bool draining() const { return (state_.load() & kDraining) != 0; }
  // Whether Drain has been called, no request runs and none waits for the run lock. There may be
  // one that has not been read yet.
  bool drained() const;
  // Ends the connection: no thread gets the read side or a job any more. Returns the jobs that are
  // left, which the caller destroys where user code may run.
  JobList End();
  bool busy() const { return depth() > 0; }
  // How many requests have begun and not ended; those that wait for a peer count.
  int depth() const { return DepthOf(state_.load(std::memory_order_relaxed)); }

  // --- For the watcher. ---

  static constexpr absl::Duration kTickInterval = absl::Milliseconds(100);
  // The watcher calls this every kTickInterval. It never waits and runs no user code.
  void Tick();
  // For how many ticks nothing has begun and nothing has run.
  int idle_ticks() const { return idle_ticks_; }

 private:
  // The bits of state_.
  static constexpr uint64_t kReadSideHeld = 1;  // a thread has the read side
  static constexpr uint64_t kRunLockHeld = 2;   // a thread has the run lock
  static constexpr uint64_t kWatcherReads = 4;  // the watcher has the read side
  static constexpr uint64_t kDraining = 8;      // the connection ends when it is not busy
  static constexpr uint64_t kContended = 16;    // threads or jobs wait, or threads are bound
  static constexpr uint64_t kEnded = 32;        // the connection has ended
  static constexpr uint64_t kUnserved = 64;     // the last reader has left messages
  static constexpr uint64_t kOneRun = 1 << 8;   // counts the requests that have begun
  static constexpr uint64_t kDepthMask = 0xfffff << 8;
  static constexpr uint64_t kOneChange = 1 << 28;  // counts changes, to tell one run from the next
  // While any of these is set, a change takes the mutex.
  static constexpr uint64_t kNeedsMutex = kWatcherReads | kContended | kEnded;

  struct Waiter {
    const PendingRequest* awaited;
    uint64_t thread;
    CondVar wake;
  };

  static int DepthOf(uint64_t state) { return static_cast<int>((state & kDepthMask) / kOneRun); }
  // Whether these bits may be set together, as each transition leaves them.
  static bool IsConsistent(uint64_t state);

  // Any thread calls this, with or without the mutex. Changes the state in one step, if all of
  // `required` and none of `forbidden` is set; else returns false.
  bool TryChange(uint64_t required, uint64_t forbidden, uint64_t add, uint64_t remove);
  // Whether the calling thread may run a job for `for_thread`. If that thread neither waits nor is
  // about to, it would never come for the job, and any thread may.
  bool IsForThisThreadLocked(uint64_t for_thread) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The first job that the calling thread may run; jobs_.end() if there is none.
  JobList::iterator FindJobLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the calling thread may take the run lock once it is free: no thread waits to take it
  // again, and it is not bound to another thread.
  bool MayRunLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the calling thread, which waits, the read side if it is free or the watcher's.
  bool TakeReadSideLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the calling thread, which waits, the run lock and a job if both are to be had.
  bool TakeJobLocked(std::unique_ptr<Job>* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Wakes a waiting thread if there is something for it. A thread calls this after it has released
  // something; where no thread waits it does what NotifyIfIdle does.
  void WakeWaiterLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sets kContended, or clears it. A thread calls this after it has changed what waits.
  void UpdateContendedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The watcher calls this, while it has the read side. Reads what has come into the stream's
  // buffer and looks for the end of the stream and for a CLOSE.
  void ReadAheadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The watcher calls this. Whether a CLOSE is among the frames that were read ahead; it goes on
  // where the last call stopped.
  bool FindCloseLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Any thread calls this after it has released something. Calls on_idle_ if the connection is idle
  // now. `has_jobs` is false for a caller without the mutex: then no job waits, or kContended would
  // have made it take the mutex.
  void NotifyIfIdle(bool has_jobs) const;

  const Limits& limits_;
  Stream* const stream_;
  const FrameParser* const parser_;
  CallContext::Caller* const caller_;
  const size_t prefix_bytes_;
  std::function<void(bool unserved)> on_idle_;

  std::atomic<uint64_t> state_{0};
  std::atomic<size_t> job_bytes_{0};

  // Only the watcher uses these.
  uint64_t last_tick_state_ = 0;
  int same_run_ticks_ = 0;
  int idle_ticks_ = 0;

  Mutex mutex_;
  std::list<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint64_t> calling_threads_ ABSL_GUARDED_BY(mutex_);  // between BeginCall and EndCall
  JobList jobs_ ABSL_GUARDED_BY(mutex_);
  CondVar run_lock_free_;
  int run_lock_waiters_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bound_thread_ ABSL_GUARDED_BY(mutex_) = 0;  // no other thread may have the run lock
  int bound_depth_ ABSL_GUARDED_BY(mutex_) = 0;
  bool peer_has_ended_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more comes
  // Where the next frame begins in what was read ahead, and what the parser has of that frame if it
  // may be a CLOSE.
  size_t next_frame_offset_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string frame_prefix_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_ACTIVITY_H_
