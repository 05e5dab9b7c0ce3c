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

// Frames that threads which may not wait have posted: their lock is never held while anything is
// encoded or written. Threads: any.
class PostedFrames {
 public:
  explicit PostedFrames(ByteBudget* budget) : charge_(budget) {}

  // Errors:  OutOfMemory - of the budget; nothing has been added then.
  absl::Status Add(const OutBuffer& frame);
  // Moves them to the end of `out`. Returns how many bytes of them were counted in the budget, and
  // are not any more. Errors:  OutOfMemory - they stay here.
  absl::StatusOr<size_t> MoveTo(OutBuffer* out);
  size_t size() const { return size_.load(); }

 private:
  Mutex mutex_;
  OutBuffer frames_ ABSL_GUARDED_BY(mutex_);
  ByteCharge charge_ ABSL_GUARDED_BY(mutex_);
  size_t charged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> size_{0};  // of frames_
};

// A connection's messages on their way out. Any thread may add one and any may send what is there;
// one at a time does, in one write, and takes along what others add meanwhile.
// Borrows the stream's writing side, and the input while it is blocked. Threads: any.
class Outbox {
 public:
  // Large messages count in `budget`, which outlives it, until the peer has taken them; null:
  // nobody counts.
  Outbox(const Limits& limits, Stream* stream, Activity* activity, ByteBudget* budget = nullptr)
      : limits_(limits), stream_(stream), activity_(activity), charge_(budget), posted_(budget) {}

  // Has it count the bytes it sends in `sent_bytes`, which outlives it. Before anything is sent.
  void UseCounter(std::atomic<int64_t>* sent_bytes) { sent_bytes_ = sent_bytes; }

  // Has `append` add one whole frame, or nothing if it fails. No other thread appends meanwhile.
  // Errors:  what `append` returns; OutOfMemory - also of the budget; nothing has been added then.
  absl::Status Append(absl::FunctionRef<absl::Status(OutBuffer*)> append);

  // Adds one whole frame and sends it if that takes no waiting, neither for the peer nor for a
  // thread that appends or sends: what is not sent at once goes with what is sent next. For threads
  // that may not wait.
  // Errors:  OutOfMemory - of the budget; nothing has been added then.
  absl::Status Post(const OutBuffer& frame);

  // Sends what has been appended, or leaves it to the thread that is sending. While the peer takes
  // nothing, what it sends is read ahead, unless another thread reads, so that two sides that send
  // to each other both get on. `has_input`: the caller has the connection's input.
  // InfinitePast: takes no time at all.
  // Errors:  kDeadlineExceeded - the peer has not taken all by `deadline`: the rest stays, for the
  //          next to send; kUnavailable - the peer has gone.
  absl::Status Send(absl::Time deadline, bool has_input);

  // Bytes that wait to be sent; approximately, if other threads append.
  size_t size() const { return size_.load(std::memory_order_relaxed) + posted_.size(); }
  bool empty() const { return size() == 0; }

 private:
  absl::Status ChargeLocked(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakePostedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendPosted();
  bool SendPostedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SendAppended(absl::Time deadline, bool has_input);
  absl::Status Write(absl::Time deadline, bool has_input);
  absl::Status AwaitWritable(absl::Time deadline, bool has_input, bool* input_ended);

  const Limits& limits_;
  Stream* const stream_;
  Activity* const activity_;

  std::atomic<int64_t>* sent_bytes_ = nullptr;  // null: nobody wants to know
  std::atomic<size_t> size_{0};
  Mutex mutex_;
  CondVar sent_;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;  // out_ is the sending thread's then
  OutBuffer out_;
  size_t written_ = 0;                        // of out_, by who sent before
  OutBuffer behind_ ABSL_GUARDED_BY(mutex_);  // what is appended meanwhile
  ByteCharge charge_ ABSL_GUARDED_BY(mutex_);
  size_t charged_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of large messages, since all had been sent
  absl::Status error_ ABSL_GUARDED_BY(mutex_);

  PostedFrames posted_;
};

}  // namespace rpyc

#endif  // RPYC_OUTBOX_H_
