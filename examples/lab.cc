#include "examples/lab.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lab {
namespace {

std::vector<double> Record() {
  std::vector<double> volts(1'000'000);
  for (size_t i = 0; i < volts.size(); ++i) volts[i] = std::sin(1e-3 * static_cast<double>(i));
  return volts;
}

}  // namespace

LimitError::LimitError(const std::string& axis, double position)
    : std::runtime_error(axis + " cannot go to " + std::to_string(position)),
      axis_(axis),
      position_(position) {}

State Axis::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

double Axis::position() const {
  std::lock_guard lock(mutex_);
  return position_;
}

Limits Axis::limits() const {
  std::lock_guard lock(mutex_);
  return limits_;
}

void Axis::SetLimits(Limits limits) {
  if (!(limits.low < limits.high)) throw std::invalid_argument("low is not below high");
  std::lock_guard lock(mutex_);
  limits_ = limits;
}

void Axis::MoveTo(double position) {
  std::lock_guard lock(mutex_);
  if (!(limits_.low <= position && position <= limits_.high)) throw LimitError(name_, position);
  start_ = position_;
  target_ = position;
  remaining_moves_ = 1;
  state_ = State::kMoving;
}

void Axis::MoveTo(double position, int times) {
  if (times < 1) throw std::invalid_argument("times is at least 1");
  MoveTo(position);
  std::lock_guard lock(mutex_);
  remaining_moves_ = 2 * times;
}

void Axis::Stop() {
  std::lock_guard lock(mutex_);
  state_ = State::kIdle;
}

void Axis::Step(std::chrono::duration<double> elapsed) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kMoving) return;
  const double step = speed() * elapsed.count();
  position_ = std::clamp(target_, position_ - step, position_ + step);
  if (position_ != target_) return;
  std::swap(start_, target_);
  if (--remaining_moves_ == 0) state_ = State::kIdle;
}

Lab::Lab()
    : axes_{std::make_shared<LinearAxis>("x"), std::make_shared<LinearAxis>("y"),
            std::make_shared<RotaryAxis>("phi")},
      waveform_(Record()),
      thread_([this] { Run(); }) {}

Lab::~Lab() {
  ending_.store(true);
  thread_.join();
}

std::shared_ptr<Axis> Lab::axis(const std::string& name) const {
  for (const auto& axis : axes_) {
    if (axis->name() == name) return axis;
  }
  throw std::out_of_range("there is no axis " + name);
}

void Lab::OnPosition(PositionListener listener) {
  std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void Lab::Run() {
  auto next = std::chrono::steady_clock::now();
  while (!ending_.load()) {
    std::this_thread::sleep_until(next += kPeriod);
    std::lock_guard lock(mutex_);
    for (const auto& axis : axes_) {
      axis->Step(kPeriod);
      for (const auto& listener : listeners_) listener(axis->name(), axis->position());
    }
    periods_.fetch_add(1);
  }
}

}  // namespace lab
