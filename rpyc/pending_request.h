#ifndef RPYC_PENDING_REQUEST_H_
#define RPYC_PENDING_REQUEST_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/hash_map.h"
#include "rpyc/mutex.h"
#include "rpyc/value.h"

namespace rpyc {

// One request of ours and, when it has come, its answer. The caller and the connection share it.
// Threads: any.
class PendingRequest {
 public:
  using Callback = std::function<void(const absl::StatusOr<Value>&)>;

  bool ready() const { return ready_.load(); }
  // The answer; a PyStatus if it is an error. Only once ready.
  const absl::StatusOr<Value>& answer() const { return answer_; }
  // Moves the answer out, for a caller that alone waits for it. Only once ready.
  absl::StatusOr<Value> TakeAnswer() { return std::move(answer_); }

  // Calls `callback` with the answer: on the thread that serves the connection when it comes, or at
  // once if it has come.
  void AddCallback(Callback callback);

  // Sets the answer, unless there is one. Returns the callbacks, which the caller runs with the
  // connection's run lock held.
  std::vector<Callback> Answer(absl::StatusOr<Value> answer);

 private:
  std::atomic<bool> ready_{false};
  absl::StatusOr<Value> answer_ = Value();  // written once, before ready_
  Mutex mutex_;
  std::vector<Callback> callbacks_ ABSL_GUARDED_BY(mutex_);
};

// The TimeoutError of a request that was not answered within `limit`.
absl::Status NotAnswered(absl::Duration limit);

// A connection's requests that wait for their answers, by sequence number.
// Threads: any.
class PendingRequests {
 public:
  // A sequence number for a request whose answer is not awaited.
  int64_t NextSeq() { return next_.fetch_add(1, std::memory_order_relaxed); }
  // Adds a request and sets `seq` to its number; null once the connection has ended.
  std::shared_ptr<PendingRequest> Add(int64_t* seq);
  // Returns the request with the number `seq`, and forgets it; null if none waits.
  std::shared_ptr<PendingRequest> Take(int64_t seq);
  bool empty() const;
  // Returns all of them; none can be added from now on.
  HashMap<int64_t, std::shared_ptr<PendingRequest>> End();

 private:
  std::atomic<int64_t> next_{0};
  mutable Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  HashMap<int64_t, std::shared_ptr<PendingRequest>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_PENDING_REQUEST_H_
