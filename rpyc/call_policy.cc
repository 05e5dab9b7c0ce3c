#include "rpyc/call_policy.h"

#include "rpyc/bind/invoke.h"
#include "rpyc/errand.h"
#include "rpyc/errors.h"

namespace rpyc {
void CallRunner::TakeTurn() {
  if (policy_->serialized) {
    MutexLock lock(&policy_->mutex);
    while (policy_->turn_is_taken) policy_->turn_is_free.Wait(&policy_->mutex);
    policy_->turn_is_taken = true;
  }
  has_turn_ = true;
}

void CallRunner::GiveTurn() {
  has_turn_ = false;
  if (!policy_->serialized) return;
  MutexLock lock(&policy_->mutex);
  policy_->turn_is_taken = false;
  policy_->turn_is_free.Signal();
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
    auto ticket = std::make_shared<const ErrandTicket>(errand);
    policy_->executor([ticket = std::move(ticket)] { ticket->Run(); });
  });
  if (!posted.ok()) errand->GiveUp();
  if (errand->Wait()) return absl::OkStatus();
  if (!posted.ok()) return posted;
  return PyStatus("RuntimeError", "the service's executor dropped the call");
}

}  // namespace rpyc
