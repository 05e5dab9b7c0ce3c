#include "rpyc/cross_thread_call.h"

#include "rpyc/assert.h"

namespace rpyc {

void CrossThreadCall::Run() {
  {
    MutexLock lock(&mutex_);
    if (progress_ != Progress::kWaiting) return;
    progress_ = Progress::kRunning;
  }
  call_();
  MutexLock lock(&mutex_);
  RPYC_ASSERT(progress_ == Progress::kRunning);
  progress_ = Progress::kDone;
  changed_.Signal();
}

void CrossThreadCall::GiveUp() {
  MutexLock lock(&mutex_);
  if (progress_ != Progress::kWaiting) return;
  progress_ = Progress::kGivenUp;
  changed_.Signal();
}

bool CrossThreadCall::Wait(absl::Time deadline) {
  MutexLock lock(&mutex_);
  while (progress_ == Progress::kWaiting) {
    if (!changed_.WaitUntil(&mutex_, deadline) && progress_ == Progress::kWaiting) {
      progress_ = Progress::kGivenUp;
    }
  }
  while (progress_ == Progress::kRunning) changed_.Wait(&mutex_);
  return progress_ == Progress::kDone;
}

}  // namespace rpyc
