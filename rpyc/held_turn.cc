#include "rpyc/held_turn.h"

namespace rpyc {

const HeldTurn* HeldTurn::Innermost(const Activity* activity) {
  const HeldTurn* turn = Innermost();
  while (turn != nullptr && turn->activity_ != activity) turn = turn->outer_;
  return turn;
}

uint64_t HeldTurn::PeerThread(const Activity* activity) {
  const HeldTurn* turn = Innermost(activity);
  return turn == nullptr ? 0 : turn->peer_thread_;
}

HeldTurn::Pause::Pause() : turn_(Innermost()) {
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
