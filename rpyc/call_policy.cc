#include "rpyc/call_policy.h"

#include "rpyc/assert.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/cross_thread_call.h"
#include "rpyc/errors.h"

namespace rpyc {

void CallRunner::TakeServiceLock() {
  RPYC_ASSERT(!has_service_lock_);
  if (policy_->serialized) {
    MutexLock lock(&policy_->mutex);
    while (policy_->service_lock_is_taken) policy_->service_lock_is_free.Wait(&policy_->mutex);
    policy_->service_lock_is_taken = true;
  }
  has_service_lock_ = true;
}

void CallRunner::ReleaseServiceLock() {
  RPYC_ASSERT(has_service_lock_);
  has_service_lock_ = false;
  if (!policy_->serialized) return;
  MutexLock lock(&policy_->mutex);
  RPYC_ASSERT(policy_->service_lock_is_taken);
  policy_->service_lock_is_taken = false;
  policy_->service_lock_is_free.Signal();
}

bool CallRunner::YieldServiceLock() {
  if (!has_service_lock_) return false;
  ReleaseServiceLock();
  return true;
}

void CallRunner::RetakeServiceLock() { TakeServiceLock(); }

void CallRunner::RunWithServiceLock(absl::FunctionRef<void()> call) {
  TakeServiceLock();
  call();
  ReleaseServiceLock();
}

absl::Status CallRunner::RunByPolicy(absl::FunctionRef<void()> call) {
  if (has_service_lock_) {
    call();
    return absl::OkStatus();
  }
  if (policy_->executor && !on_executor_) {
    return RunOnExecutor([&] {
      on_executor_ = true;
      RunWithServiceLock(call);
      on_executor_ = false;
    });
  }
  RunWithServiceLock(call);
  return absl::OkStatus();
}

absl::Status CallRunner::RunOnExecutor(absl::FunctionRef<void()> call) {
  const auto posted_call = std::make_shared<CrossThreadCall>(call);
  absl::Status posted = Guarded([&] {
    // The task is made here, so that it is destroyed if the executor throws.
    auto task = std::make_shared<const CrossThreadCallTask>(posted_call);
    policy_->executor([task = std::move(task)] { task->Run(); });
  });
  if (!posted.ok()) posted_call->GiveUp();
  if (posted_call->Wait()) return absl::OkStatus();
  if (!posted.ok()) return posted;
  return PyStatus("RuntimeError", "the service's executor dropped the call");
}

}  // namespace rpyc
