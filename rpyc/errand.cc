#include "rpyc/errand.h"

namespace rpyc {

void Errand::Run() {
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

void Errand::GiveUp() {
  MutexLock lock(&mutex_);
  if (state_ != State::kWaiting) return;
  state_ = State::kGivenUp;
  changed_.Signal();
}

bool Errand::Wait(absl::Time deadline) {
  MutexLock lock(&mutex_);
  while (state_ == State::kWaiting) {
    if (!changed_.WaitUntil(&mutex_, deadline) && state_ == State::kWaiting) {
      state_ = State::kGivenUp;
    }
  }
  while (state_ == State::kRunning) changed_.Wait(&mutex_);
  return state_ == State::kDone;
}

}  // namespace rpyc
