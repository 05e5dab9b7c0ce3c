#include "rpyc/held_turn.h"

namespace rpyc {

thread_local HeldTurn* HeldTurn::innermost_ = nullptr;

bool HeldTurn::Within(const Activity* activity) {
  for (const HeldTurn* turn = innermost_; turn != nullptr; turn = turn->outer_) {
    if (turn->activity_ == activity) return true;
  }
  return false;
}

HeldTurn::Pause::Pause() : turn_(innermost_) {
  if (turn_ == nullptr) return;
  of_service_ = turn_->runner_->Pause();
  turn_->activity_->Pause(turn_->runner_->bound());
}

HeldTurn::Pause::~Pause() {
  if (turn_ == nullptr) return;
  turn_->activity_->Resume(turn_->runner_->bound());
  if (of_service_) turn_->runner_->Resume();
}

}  // namespace rpyc
