#include "rpyc/held_run_lock.h"

namespace rpyc {

const HeldRunLock* HeldRunLock::Innermost(const Activity* activity) {
  const HeldRunLock* held = Innermost();
  while (held != nullptr && held->activity_ != activity) held = held->outer_;
  return held;
}

uint64_t HeldRunLock::PeerThread(const Activity* activity) {
  const HeldRunLock* held = Innermost(activity);
  return held == nullptr ? 0 : held->peer_thread_;
}

HeldRunLock::Yield::Yield() : held_(Innermost()) {
  if (held_ == nullptr) return;
  yielded_service_lock_ = held_->runner_->YieldServiceLock();
  held_->activity_->YieldRunLock(held_->runner_->bound());
}

HeldRunLock::Yield::~Yield() {
  if (held_ == nullptr) return;
  held_->activity_->RetakeRunLock(held_->runner_->bound());
  if (yielded_service_lock_) held_->runner_->RetakeServiceLock();
}

}  // namespace rpyc
