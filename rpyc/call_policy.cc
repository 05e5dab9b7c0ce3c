#include "rpyc/call_policy.h"

#include "absl/base/thread_annotations.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// A call on its way through an executor. The task and the waiting thread share it: the call itself
// lives in the latter's frame, so that it must not be run once that has been told of its failure.
class Errand {
 public:
  explicit Errand(absl::FunctionRef<void()> call) : call_(call) {}

  // By the task. Runs the call, unless it has been run or given up.
  void Run() {
    {
      MutexLock lock(&mutex_);
      if (state_ != State::kWaiting) return;
      state_ = State::kRunning;
    }
    call_();
    MutexLock lock(&mutex_);
    state_ = State::kDone;
    changed_.Signal();
  }

  // When nobody will run it any more, if it has not begun.
  void GiveUp() {
    MutexLock lock(&mutex_);
    if (state_ != State::kWaiting) return;
    state_ = State::kGivenUp;
    changed_.Signal();
  }

  // Waits for the end; whether the call has run.
  bool Wait() {
    MutexLock lock(&mutex_);
    while (state_ != State::kDone && state_ != State::kGivenUp) changed_.Wait(&mutex_);
    return state_ == State::kDone;
  }

 private:
  enum class State { kWaiting, kRunning, kDone, kGivenUp };

  const absl::FunctionRef<void()> call_;
  Mutex mutex_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kWaiting;
};

// Held by the task and its copies: with the last of them goes the hope that it will run.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<Errand> errand) : errand_(std::move(errand)) {}
  ~Ticket() { errand_->GiveUp(); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void Run() const { errand_->Run(); }

 private:
  const std::shared_ptr<Errand> errand_;
};

}  // namespace

// The lock is taken in one function and given back in another.
void CallRunner::TakeTurn() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (policy_->serialized) policy_->turn.Lock();
  has_turn_ = true;
}

void CallRunner::GiveTurn() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  has_turn_ = false;
  if (policy_->serialized) policy_->turn.Unlock();
}

bool CallRunner::Pause() {
  if (!has_turn_) return false;
  GiveTurn();
  return true;
}

void CallRunner::Resume() { TakeTurn(); }

void CallRunner::RunInTurn(absl::FunctionRef<void()> call) {
  TakeTurn();
  call();
  GiveTurn();
}

absl::Status CallRunner::RunByPolicy(absl::FunctionRef<void()> call) {
  if (has_turn_) {
    call();
    return absl::OkStatus();
  }
  if (policy_->executor && !on_executor_) {
    return RunOnExecutor([&] {
      on_executor_ = true;
      RunInTurn(call);
      on_executor_ = false;
    });
  }
  RunInTurn(call);
  return absl::OkStatus();
}

absl::Status CallRunner::RunOnExecutor(absl::FunctionRef<void()> call) {
  const auto errand = std::make_shared<Errand>(call);
  absl::Status posted = Guarded([&] {
    // Made here, so that it is gone if the executor throws.
    auto ticket = std::make_shared<const Ticket>(errand);
    policy_->executor([ticket = std::move(ticket)] { ticket->Run(); });
  });
  if (!posted.ok()) errand->GiveUp();
  if (errand->Wait()) return absl::OkStatus();
  if (!posted.ok()) return posted;
  return PyStatus("RuntimeError", "the service's executor dropped the call");
}

}  // namespace rpyc
