#ifndef RPYC_CROSS_THREAD_CALL_H_
#define RPYC_CROSS_THREAD_CALL_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"

namespace rpyc {

// A call on its way to another thread of control, for whose end the caller waits. The task and the
// caller share it: the call itself lives in the latter's frame, so that it must not be run once
// that has been told of its failure. Threads: any.
class CrossThreadCall {
 public:
  // `call` is borrowed: it outlives the wait.
  explicit CrossThreadCall(absl::FunctionRef<void()> call) : call_(call) {}

  // By the task. Runs the call, unless it has been run or given up.
  void Run();
  // When nobody will run it any more, if it has not begun.
  void GiveUp();
  // Waits for the end; whether the call has run. One that has not begun by `deadline` is given up.
  bool Wait(absl::Time deadline = absl::InfiniteFuture());

 private:
  enum class Progress { kWaiting, kRunning, kDone, kGivenUp };

  const absl::FunctionRef<void()> call_;
  Mutex mutex_;
  CondVar changed_;
  Progress progress_ ABSL_GUARDED_BY(mutex_) = Progress::kWaiting;
};

// Held by the task and its copies: with the last of them goes the hope that it will run.
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
