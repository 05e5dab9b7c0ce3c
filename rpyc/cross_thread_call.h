#ifndef RPYC_CROSS_THREAD_CALL_H_
#define RPYC_CROSS_THREAD_CALL_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"

namespace rpyc {

// A call that another thread or fiber shall run, while the caller waits for its end. The task that
// was posted and the caller share this. The function itself lives in the caller's frame, so it must
// not be run once the caller has been told that it will not be.
// Threads: any.
class CrossThreadCall {
 public:
  // `call` is borrowed: it outlives the wait.
  explicit CrossThreadCall(absl::FunctionRef<void()> call) : call_(call) {}

  // The task calls this. Runs the call, unless it has been given up.
  void Run();
  // Gives the call up if it has not begun: no thread will run it any more.
  void GiveUp();
  // The caller waits for the end. Returns whether the call has run; one that has not begun by
  // `deadline` is given up.
  bool Wait(absl::Time deadline = absl::InfiniteFuture());

 private:
  enum class Progress { kWaiting, kRunning, kDone, kGivenUp };

  const absl::FunctionRef<void()> call_;
  Mutex mutex_;
  CondVar changed_;
  Progress progress_ ABSL_GUARDED_BY(mutex_) = Progress::kWaiting;
};

// What the task and its copies hold: the call is given up when the last copy is destroyed.
class CrossThreadCallTask {
 public:
  explicit CrossThreadCallTask(std::shared_ptr<CrossThreadCall> call) : call_(std::move(call)) {}
  ~CrossThreadCallTask() { call_->GiveUp(); }
  CrossThreadCallTask(const CrossThreadCallTask&) = delete;
  CrossThreadCallTask& operator=(const CrossThreadCallTask&) = delete;

  void Run() const { call_->Run(); }

 private:
  const std::shared_ptr<CrossThreadCall> call_;
};

}  // namespace rpyc

#endif  // RPYC_CROSS_THREAD_CALL_H_
