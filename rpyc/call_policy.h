#ifndef RPYC_CALL_POLICY_H_
#define RPYC_CALL_POLICY_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "rpyc/mutex.h"

namespace rpyc {

// Runs a task later, once, on a thread of its choice: the program's own loop.
using Executor = std::function<void(std::function<void()>)>;

// How a service's calls run: one at a time (Service::Serialized()), or on the program's own thread
// (RunOn()). The service's connections share it; it is complete before the first of them.
struct CallPolicy {
  bool serialized = false;
  Executor executor;  // empty: the connection's own thread
  // The service lock: if serialized, a call runs only while it has it. It is not a Mutex, since it
  // is kept over waits, in which a fiber parks.
  Mutex mutex;
  CondVar service_lock_is_free;
  bool service_lock_is_taken ABSL_GUARDED_BY(mutex) = false;
};

// One connection's part of a policy. Without a policy, calls just run.
// Threads: the one that has the connection's run lock.
// Source:  ours; Python services had the GIL.
class CallRunner {
 public:
  // `policy` may be null.
  explicit CallRunner(std::shared_ptr<CallPolicy> policy) : policy_(std::move(policy)) {}
  CallRunner(const CallRunner&) = delete;
  CallRunner& operator=(const CallRunner&) = delete;

  // Runs `call`, which must not throw, and waits for its end. Within another Run of this runner it
  // runs on the same thread.
  // Errors:  a PyStatus; `call` has not run then, and will not: the executor threw, or dropped it
  //          (RuntimeError).
  absl::Status Run(absl::FunctionRef<void()> call) {
    if (policy_ == nullptr) {
      call();
      return absl::OkStatus();
    }
    return RunByPolicy(call);
  }

  bool has_policy() const { return policy_ != nullptr; }
  // Whether calls run on the executor's thread and no other.
  bool bound() const { return policy_ != nullptr && policy_->executor != nullptr; }

  // Yields the service lock around a wait for a peer within `call`, so that other calls run
  // meanwhile. The executor's thread is not given back. False: the lock was not held, and
  // RetakeServiceLock must not follow.
  bool YieldServiceLock();
  void RetakeServiceLock();

 private:
  // As Run, where there is a policy.
  absl::Status RunByPolicy(absl::FunctionRef<void()> call);
  // Has the executor run `call`, and waits for its end.
  absl::Status RunOnExecutor(absl::FunctionRef<void()> call);
  // Runs `call` on this thread with the service lock held.
  void RunWithServiceLock(absl::FunctionRef<void()> call);
  void TakeServiceLock();
  void ReleaseServiceLock();

  const std::shared_ptr<CallPolicy> policy_;
  bool on_executor_ = false;       // a Run has begun there and not ended
  bool has_service_lock_ = false;  // false while it is yielded
};

}  // namespace rpyc

#endif  // RPYC_CALL_POLICY_H_
