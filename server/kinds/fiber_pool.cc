#include "server/kinds/fiber_pool.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/thread_locals.h"
#include "server/kinds/fiber_stack.h"
#include "server/kinds/fiber_switch.h"
#include "server/kinds/sanitizers.h"
#include "server/log.h"

namespace rpyc {
namespace {

// So many idle fibers keep their stacks, with the pages that they have touched.
constexpr size_t kKeptStacks = 64;
// So much of a stack must be left before another call into a peer may begin.
constexpr size_t kStackReserve = (64 << 10) * kSanitizedStackFactor;
// After a lack of memory the pool tries again to map a stack this often, in case no fiber ends.
constexpr int kRetryMilliseconds = 10;
// A lack of stacks is logged at most once in this time.
constexpr absl::Duration kShortageLogInterval = absl::Seconds(1);

}  // namespace

class FiberPool::PooledFiber final : public Fiber, public TimerQueue::Timer {
 public:
  explicit PooledFiber(FiberPool* pool) : pool_(pool) {}

  void Park(absl::Time deadline) override {
    RPYC_ASSERT(Fiber::Current() == this && !parked_);
    if (std::exchange(woken_, false)) return;
    if (deadline != absl::InfiniteFuture()) {
      if (deadline <= absl::Now()) return;
      pool_->SetTimer(this, deadline);
    }
    parked_ = true;
    switch_->Suspend();
  }
  void Unpark() override {
    if (pool_->loop_interface_->IsOnLoopThread()) return pool_->Wake(this);
    pool_->loop_interface_->WakeFromOtherThread(this);
  }
  bool AwaitReady(int fd, bool readable, bool writable, absl::Time deadline) override {
    return pool_->loop_interface_->AwaitReady(this, fd, readable, writable, deadline);
  }
  void MarkNotReady(int fd, bool readable) override {
    pool_->loop_interface_->MarkNotReady(fd, readable);
  }
  bool IsStackShort() const override { return switch_->bytes_left() < kStackReserve; }
  const std::shared_ptr<FiberLoop>& loop() const override { return pool_->loop_interface_->loop(); }

 private:
  friend class FiberPool;

  void ShowRunning(absl::string_view name) override {
    // The name of the last method stays, so that it can be blamed when the loop was blocked.
    if (!name.empty()) published_name_.Publish(name);
  }

  // Runs tasks until the fiber is not needed any more. This is all that runs on its stack.
  void Body() {
    for (;;) {
      task_->Run();
      task_.reset();
      in_task_ = false;
      if (!pool_->ending_ && pool_->idle_.size() < kKeptStacks) {
        pool_->idle_.push_back(this);
        switch_->Suspend();
        if (in_task_) continue;
      }
      return;
    }
  }

  FiberPool* const pool_;
  std::optional<FiberSwitch> switch_;
  std::shared_ptr<FiberTask> task_;
  bool in_task_ = false;  // until the task has been destroyed too
  bool parked_ = false;
  bool woken_ = false;  // it was woken while it was not parked
  PublishedName published_name_;
};

FiberPool::FiberPool(int size, size_t stack_bytes, LoopInterface* loop_interface,
                     LoopMonitor* monitor)
    : size_(size),
      stack_bytes_(stack_bytes),
      loop_interface_(loop_interface),
      monitor_(monitor),
      shortage_log_(kShortageLogInterval) {}

FiberPool::~FiberPool() { RPYC_ASSERT(busy_ == 0 && idle_.empty()); }

int64_t FiberPool::Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void FiberPool::SetTimer(PooledFiber* fiber, absl::Time deadline) {
  timers_.Set(fiber, Now() + absl::ToInt64Nanoseconds(deadline - absl::Now()));
}

void FiberPool::Wake(Fiber* woken) {
  RPYC_ASSERT(loop_interface_->IsOnLoopThread());
  PooledFiber* const fiber = static_cast<PooledFiber*>(woken);
  if (!std::exchange(fiber->parked_, false)) {
    fiber->woken_ = true;
    return;
  }
  RPYC_ASSERT(fiber->in_task_);
  timers_.Clear(fiber);
  ready_.push_back(fiber);
}

void FiberPool::WakeExpired(int64_t now) {
  while (TimerQueue::Timer* const timer = timers_.TakeExpired(now)) {
    Wake(static_cast<PooledFiber*>(timer));
  }
}

FiberPool::PooledFiber* FiberPool::TakeFiber() {
  if (!MayStartTask()) return nullptr;
  if (!idle_.empty()) {
    PooledFiber* const fiber = idle_.back();
    idle_.pop_back();
    return fiber;
  }
  absl::StatusOr<FiberStack> stack = FiberStack::Map(stack_bytes_ * kSanitizedStackFactor);
  out_of_stacks_ = !stack.ok();
  if (out_of_stacks_) {
    if (shortage_log_.Pass(absl::FromUnixNanos(Now())).has_value()) {
      LogWarning("a loop is short of a fiber: ", stack.status().message());
    }
    return nullptr;
  }
  if (stackless_.empty()) {
    fibers_.push_back(std::make_unique<PooledFiber>(this));
    stackless_.push_back(fibers_.back().get());
  }
  PooledFiber* const fiber = stackless_.back();
  stackless_.pop_back();
  ThreadLocals locals;
  locals.fiber = fiber;
  fiber->switch_.emplace(*std::move(stack), locals, [fiber] { fiber->Body(); });
  return fiber;
}

void FiberPool::RunReady() {
  for (size_t count = ready_.size(); count > 0; --count) {
    PooledFiber* const fiber = ready_.front();
    ready_.pop_front();
    Run(fiber);
  }
  for (size_t count = tasks_.size(); count > 0; --count) {
    PooledFiber* const fiber = TakeFiber();
    if (fiber == nullptr) return;
    fiber->task_ = std::move(tasks_.front());
    tasks_.pop_front();
    fiber->in_task_ = true;
    fiber->woken_ = false;
    fiber->published_name_.Publish("");
    if (++busy_ == size_) saturated_.fetch_add(1, std::memory_order_relaxed);
    Run(fiber);
  }
}

void FiberPool::Run(PooledFiber* fiber) {
  RPYC_ASSERT(fiber->in_task_ && busy_ > 0 && busy_ <= size_);
  published_busy_.store(busy_, std::memory_order_relaxed);
  if (busy_ > peak_busy_.load(std::memory_order_relaxed)) {
    peak_busy_.store(busy_, std::memory_order_relaxed);
  }
  monitor_->Begin(&fiber->published_name_, Now());
  const bool goes_on = fiber->switch_->Resume();
  monitor_->End(Now());
  RPYC_ASSERT(fiber->in_task_ ? goes_on && fiber->parked_ : !fiber->parked_);
  if (!goes_on) {
    fiber->switch_.reset();
    stackless_.push_back(fiber);
  }
  if (fiber->in_task_) return;
  --busy_;
  published_busy_.store(busy_, std::memory_order_relaxed);
}

int FiberPool::IdleMilliseconds(int64_t now) const {
  if (!ready_.empty()) return 0;
  const bool has_task = !tasks_.empty() && MayStartTask();
  if (has_task && !out_of_stacks_) return 0;
  const int64_t next = timers_.next();
  // This rounds up, so that the deadline has passed when the loop wakes.
  const int64_t left = next == TimerQueue::kNever ? -1
                       : next <= now
                           ? 0
                           : std::min<int64_t>((next - now + 999'999) / 1'000'000, INT_MAX);
  if (!has_task) return static_cast<int>(left);
  return static_cast<int>(left < 0 ? kRetryMilliseconds
                                   : std::min<int64_t>(left, kRetryMilliseconds));
}

void FiberPool::End() {
  RPYC_ASSERT(has_nothing_to_do() && ready_.empty());
  ending_ = true;
  while (!idle_.empty()) {
    PooledFiber* const fiber = idle_.back();
    idle_.pop_back();
    const bool goes_on = fiber->switch_->Resume();
    RPYC_ASSERT(!goes_on);
    fiber->switch_.reset();
  }
}

FiberPool::Stats FiberPool::stats() const {
  return {.busy = published_busy_.load(std::memory_order_relaxed),
          .peak_busy = peak_busy_.load(std::memory_order_relaxed),
          .saturated = saturated_.load(std::memory_order_relaxed)};
}

}  // namespace rpyc
