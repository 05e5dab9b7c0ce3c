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

// Runs a task some time, once, on a thread of its choice: the program's own loop.
using Executor = std::function<void(std::function<void()>)>;

// Whose turn it is, and on whose thread a service's calls run: Service::Serialized() and RunOn().
// Shared by the service's connections; complete before the first of them.
struct CallPolicy {
  bool serialized = false;
  Executor executor;  // empty: the connection's own thread
  // If serialized: a call runs. Not a lock, since it is kept over waits of which a fiber knows.
  Mutex mutex;
  CondVar service_lock_is_free;
  bool service_lock_is_taken ABSL_GUARDED_BY(mutex) = false;
};

// One connection's part of it. Without a policy, calls just run.
// Threads: whichever has the connection's turn.   Source:  ours; Python services had the GIL.
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
  // Whether what runs is the executor's thread's alone.
  bool bound() const { return policy_ != nullptr && policy_->executor != nullptr; }

  // Around a wait for a peer within `call`: others have their turn meanwhile. The executor's thread
  // is not given back. False: there was no turn to give, and RetakeServiceLock must not follow.
  bool YieldServiceLock();
  void RetakeServiceLock();

 private:
  absl::Status RunByPolicy(absl::FunctionRef<void()> call);
  absl::Status RunOnExecutor(absl::FunctionRef<void()> call);
  void RunWithServiceLock(absl::FunctionRef<void()> call);
  void TakeServiceLock();
  void ReleaseServiceLock();

  const std::shared_ptr<CallPolicy> policy_;
  bool on_executor_ = false;       // a Run has begun there and not ended
  bool has_service_lock_ = false;  // and it is not paused
};

}  // namespace rpyc

#endif  // RPYC_CALL_POLICY_H_
