#ifndef RPYC_OUTBOX_H_
#define RPYC_OUTBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/activity.h"
#include "rpyc/byte_budget.h"
#include "rpyc/limits.h"
#include "rpyc/mutex.h"
#include "rpyc/out_buffer.h"
#include "rpyc/stream.h"

namespace rpyc {

// Frames that were posted by threads that may not wait: their lock is never held while anything is
// encoded or written.
// Threads: any.
class PostedFrames {
 public:
  explicit PostedFrames(ByteBudget* budget) : charge_(budget) {}

  // Errors:  OutOfMemory - of the budget; nothing has been added then.
  absl::Status Add(const OutBuffer& frame);
  // Moves the frames to the end of `out`. Returns how many bytes of them were counted in the
  // budget, and are counted no more.
  // Errors:  OutOfMemory - they stay here.
  absl::StatusOr<size_t> MoveTo(OutBuffer* out);
  size_t size() const { return size_.load(); }

 private:
  Mutex mutex_;
  OutBuffer frames_ ABSL_GUARDED_BY(mutex_);
  ByteCharge charge_ ABSL_GUARDED_BY(mutex_);
  size_t charged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> size_{0};  // of frames_
};

// A connection's messages on their way out. Any thread may append one and any may send what is
// there; one thread at a time sends, in one write, and takes along what other threads append
// meanwhile.
// Borrows the stream's writing direction, and its reading direction while a write is blocked.
// Threads: any.
class Outbox {
 public:
  // Large messages count in `budget`, which outlives the outbox, until the peer has taken them.
  // Null: there is no such bound.
  Outbox(const Limits& limits, Stream* stream, Activity* activity, ByteBudget* budget = nullptr)
      : limits_(limits), stream_(stream), activity_(activity), charge_(budget), posted_(budget) {}

  // Counts the bytes it sends in `sent_bytes`, which outlives it. Before anything is sent.
  void UseCounter(std::atomic<int64_t>* sent_bytes) { sent_bytes_ = sent_bytes; }

  // Has `append` add one whole frame, or nothing if it fails. No other thread appends meanwhile.
  // Errors:  what `append` returns; OutOfMemory - also of the budget; nothing has been added then.
  absl::Status Append(absl::FunctionRef<absl::Status(OutBuffer*)> append);

  // Adds one whole frame and sends it if that takes no waiting, neither for the peer nor for a
  // thread that appends or sends: what is not sent at once goes with what is sent next. This is for
  // threads that may not wait.
  // Errors:  OutOfMemory - of the budget; nothing has been added then.
  absl::Status Post(const OutBuffer& frame);

  // Sends what has been appended, or leaves it to the thread that is sending. While the peer takes
  // nothing, what it sends is read ahead, unless another thread reads, so that two sides that send
  // to each other both get on. `has_read_side` says whether the caller has the connection's read
  // side. With a `deadline` of InfinitePast it never waits.
  // Errors:  kDeadlineExceeded - the peer has not taken all by `deadline`: the rest stays, for the
  //          next to send; kUnavailable - the peer has gone.
  absl::Status Send(absl::Time deadline, bool has_read_side);

  // Bytes that wait to be sent; approximate while other threads append.
  size_t size() const { return size_.load(std::memory_order_relaxed) + posted_.size(); }
  bool empty() const { return size() == 0; }

 private:
  // Any thread calls it. Counts `bytes` of a large message in the budget. Small messages are free:
  // there are few, as a sender waits while much is unsent.
  absl::Status ChargeLocked(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Any thread calls it. Puts what was posted behind what has been appended. False: memory has run
  // out, and it stays posted.
  bool MovePostedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Each thread calls it once it has unlocked mutex_. Sends what was posted meanwhile, or leaves
  // that to the thread that has mutex_ now. Never waits.
  void SendPosted();
  // Any thread calls it. Moves what was posted, and writes it once if nothing else waits to be
  // sent; other bytes are left to the thread that has appended them. False: as MovePostedLocked.
  bool SendPostedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Any thread calls it without a lock. What Send does, but for posted frames.
  absl::Status SendAppended(absl::Time deadline, bool has_read_side);
  // The thread that has set sending_ calls it without a lock. Writes all of out_.
  absl::Status Write(absl::Time deadline, bool has_read_side);
  // The thread that has set sending_ calls it without a lock, when the peer takes nothing. Waits
  // until it does, or until something was read ahead.
  absl::Status AwaitWritable(absl::Time deadline, bool has_read_side, bool* peer_has_ended);
  // Whether what is said of these members holds between any two changes of them.
  bool IsConsistentLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits& limits_;
  Stream* const stream_;
  Activity* const activity_;

  std::atomic<int64_t>* sent_bytes_ = nullptr;  // null: not counted
  std::atomic<size_t> size_{0};
  Mutex mutex_;
  CondVar sent_;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  // While sending_ is set, only the thread that has set it uses these two, without the lock.
  OutBuffer out_;
  size_t written_ = 0;  // of out_, by earlier writes
  // What is appended while sending_ is set; empty otherwise, unless sending has failed for good.
  OutBuffer queued_ ABSL_GUARDED_BY(mutex_);
  ByteCharge charge_ ABSL_GUARDED_BY(mutex_);
  size_t charged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of large messages, since all had been sent
  absl::Status error_ ABSL_GUARDED_BY(mutex_);

  PostedFrames posted_;
};

}  // namespace rpyc

#endif  // RPYC_OUTBOX_H_
