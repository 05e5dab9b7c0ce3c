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

// Who reads a connection and who runs its requests. Every thread that waits on the connection, be
// it the server's for requests or any other for an answer, is equal to the others:
//
//   The input (the stream's reading side and the parser) is one thread's at a time. Who waits and
//   finds it free takes it.
//   The turn is the right to run the peer's requests: they run one at a time. A request that is
//   read while another thread has the turn is kept as a job for whoever can take it next. A call
//   that waits for a peer, of whichever connection, gives its turn away meanwhile, like a monitor.
//
// Both are bits of one atomic word: to a connection that one thread serves a request costs two
// locked instructions here. The mutex comes in when several threads wait.
//
// The input may also be the watcher's. A stock Python peer dies when a write of its makes no
// progress for 3 s, a 6.x peer's close() waits until its CLOSE is seen, and a call whose peer has
// gone should be told. So a watcher looks at each connection ten times a second. Where it finds the
// same request running at three looks and nobody reading, it reads ahead into the stream's buffer,
// up to max_read_ahead_bytes and after that only a trickle, enough for the peer not to die. At the
// end of the stream, or at a CLOSE, it sets `cancelled`.
//
// A connection is *unattended* while nobody reads it, waits on it or runs a request of it. One that
// has a thread of its own never is for long; where threads serve many connections it is most of the
// time, and then has somebody watch the descriptor.
//
// Borrows everything. Threads: any, except as said.
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

  // To be called whenever the connection has become unattended, and now and then when it has not
  // quite; before it is used. `unserved`: there is something to do that no descriptor tells of.
  // By the thread that left it, perhaps under a lock: it must not call back.
  void OnIdle(std::function<void(bool unserved)> on_idle) { on_idle_ = std::move(on_idle); }

  // Nothing to a connection that has none.
  using JobList = std::list<std::unique_ptr<Job>>;

  // --- Threads that wait. ---

  enum class WaitResult {
    kMayRead,   // this thread has the read side
    kMayRun,    // this thread has the run lock, and a job to run
    kAnswered,  // `awaited` is ready
    kTimeout,   // `deadline` has passed
    kEnded,     // the connection has ended
  };
  // Waits until there is something to do. `awaited` may be null.
  WaitResult Wait(const PendingRequest* awaited, absl::Time deadline, std::unique_ptr<Job>* job);
  // The input, if nobody has it or waits for it.
  bool TryTakeReadSide() { return TryChange(0, kReadSideHeld | kNeedsMutex, kReadSideHeld, 0); }
  // Where threads are bound: this thread sends a request and will wait for its answer, so that what
  // is for it is kept for it; until EndCall. They nest.
  void BeginCall();
  void EndCall();
  // Tells those who wait for it that `request` is ready.
  void NotifyAnswered(const PendingRequest& request);

  // --- The thread that has the input. ---

  // Changes the input for the turn; false: the turn is not to be had, others are before, or
  // `for_thread` is another thread that waits. 0: it is for any.
  bool BeginRun(uint64_t for_thread = 0);
  // `unserved`: whether messages, or pieces of them, are left that have been read already, by the
  // parser or by the stream.
  void ReleaseReadSide(bool unserved = false);
  // Of one who did not look at the messages, and may have left more by reading ahead.
  void ReleaseReadSideUnparsed() {
    ReleaseReadSide((state_.load() & kUnserved) != 0 || stream_->has_buffered());
  }
  // Keeps a request for whoever has the turn next. False: there are too many, wait first.
  void AddJob(Job&& job);
  bool HasRoomForJobs() const { return job_bytes_.load() < limits_.max_read_ahead_bytes; }
  // What a reader has to know of jobs: that there are none, that one could be run now, or that all
  // wait for the turn, which may be given back without anybody else to take one.
  enum class Jobs { kNone, kReady, kWaiting };
  Jobs jobs();

  // --- The thread that has the turn. ---

  // Changes the turn for the input; false: it is somebody else's, or jobs are waiting. The thread
  // has neither then.
  bool EndRun();
  // Gives the turn away while a call waits, and takes it again. With `bound`, the same in both, no
  // other thread has it meanwhile.
  void YieldRunLock(bool bound);
  void RetakeRunLock(bool bound);

  // --- Any thread. ---

  // Asks to end as soon as no request is served and none that has been received waits.
  void Drain() { state_.fetch_or(kDraining); }
  bool draining() const { return (state_.load() & kDraining) != 0; }
  // Whether Drain has been asked for, no request is served and none waits for the turn. There may
  // be one that has not been read yet.
  bool drained() const;
  // Nobody gets the input or a job any more. Returns the jobs that are left, to be destroyed where
  // user code may run.
  JobList End();
  bool busy() const { return depth() > 0; }
  // Requests begun and not ended, those included that wait for a peer.
  int depth() const {
    return static_cast<int>((state_.load(std::memory_order_relaxed) & kDepthMask) / kOneRun);
  }

  // --- The watcher. ---

  static constexpr absl::Duration kTickInterval = absl::Milliseconds(100);
  // To be called every kTickInterval. Never waits, runs no user code.
  void Tick();
  // For how many looks nothing has begun and nothing has run.
  int idle_ticks() const { return idle_ticks_; }

 private:
  static constexpr uint64_t kReadSideHeld = 1;  // a thread has the input
  static constexpr uint64_t kRunLockHeld = 2;   // a thread has the turn
  static constexpr uint64_t kWatcherReads = 4;  // the input is the watcher's
  static constexpr uint64_t kDraining = 8;      // end when not busy
  static constexpr uint64_t kContended = 16;    // threads wait, jobs do, or threads are bound
  static constexpr uint64_t kEnded = 32;
  static constexpr uint64_t kUnserved = 64;  // who had the input left messages
  static constexpr uint64_t kOneRun = 1 << 8;
  static constexpr uint64_t kDepthMask = 0xfffff << 8;
  static constexpr uint64_t kOneChange = 1 << 28;  // one more change: what runs is another
  // What any of the quick ways must not meet.
  static constexpr uint64_t kNeedsMutex = kWatcherReads | kContended | kEnded;

  struct Waiter {
    const PendingRequest* awaited;
    uint64_t thread;
    CondVar wake;
  };

  bool TryChange(uint64_t required, uint64_t forbidden, uint64_t add, uint64_t remove);
  bool IsForThisThreadLocked(uint64_t for_thread) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  JobList::iterator FindJobLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayRunLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeReadSideLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeJobLocked(std::unique_ptr<Job>* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeWaiterLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateContendedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadAheadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool FindCloseLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NotifyIfIdle(bool has_jobs) const;

  const Limits& limits_;
  Stream* const stream_;
  const FrameParser* const parser_;
  CallContext::Caller* const caller_;
  const size_t prefix_bytes_;
  std::function<void(bool unserved)> on_idle_;

  std::atomic<uint64_t> state_{0};
  std::atomic<size_t> job_bytes_{0};

  // The watcher's own.
  uint64_t last_tick_state_ = 0;
  int same_run_ticks_ = 0;
  int idle_ticks_ = 0;

  Mutex mutex_;
  std::list<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint64_t> calling_threads_ ABSL_GUARDED_BY(mutex_);  // between BeginCall and EndCall
  JobList jobs_ ABSL_GUARDED_BY(mutex_);
  CondVar run_lock_free_;
  int run_lock_waiters_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bound_thread_ ABSL_GUARDED_BY(mutex_) = 0;  // the thread whose alone the turn is
  int bound_depth_ ABSL_GUARDED_BY(mutex_) = 0;
  bool peer_has_ended_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more comes
  size_t next_frame_offset_ ABSL_GUARDED_BY(mutex_) =
      0;  // where one goes on in what was read ahead
  std::string frame_prefix_
      ABSL_GUARDED_BY(mutex_);  // what the parser has of that one, if it matters
};

}  // namespace rpyc

#endif  // RPYC_ACTIVITY_H_
