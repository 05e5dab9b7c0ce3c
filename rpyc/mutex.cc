#include "rpyc/mutex.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace rpyc {
namespace {

// Guards the ring of parked fibers of a CondVar. All CondVars share a few guards, as connections
// have many CondVars, and hardly any ever has a fiber. No thread waits while it holds one.
std::mutex& GuardOf(const void* cond_var) {
  static std::array<std::mutex, 64> guards;
  return guards[reinterpret_cast<uintptr_t>(cond_var) / sizeof(CondVar) % guards.size()];
}

}  // namespace

// One parked fiber, on whose stack this is.
struct CondVar::Parked {
  Fiber* fiber;
  Parked* next;
  Parked* previous;
  bool signalled = false;

  void JoinBefore(Parked* first) {
    next = first;
    previous = first->previous;
    previous->next = next->previous = this;
  }
  // Leaves the ring, and returns the first of those that are left; null if there is none.
  Parked* Leave(Parked* first) {
    if (next == this) return nullptr;
    previous->next = next;
    next->previous = previous;
    return first == this ? next : first;
  }
};

// The analysis does not see that the mutex is unlocked and locked again.
bool CondVar::Park(Mutex* mutex, absl::Time deadline) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Parked self;
  self.fiber = Fiber::Current();
  self.next = self.previous = &self;
  {
    const std::lock_guard<std::mutex> guard(GuardOf(this));
    Parked* const first = parked_.load(std::memory_order_relaxed);
    if (first == nullptr) {
      parked_.store(&self, std::memory_order_relaxed);
    } else {
      self.JoinBefore(first);
    }
  }
  mutex->Unlock();
  self.fiber->Park(deadline);
  bool in_time = true;
  {
    // A thread that signals this fiber holds the guard until it is done with it.
    const std::lock_guard<std::mutex> guard(GuardOf(this));
    if (!self.signalled) {
      parked_.store(self.Leave(parked_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
      in_time = deadline == absl::InfiniteFuture() || absl::Now() < deadline;
    }
  }
  mutex->Lock();
  return in_time;
}

bool CondVar::Unpark(bool all) {
  const std::lock_guard<std::mutex> guard(GuardOf(this));
  Parked* first = parked_.load(std::memory_order_relaxed);
  const bool any = first != nullptr;
  while (first != nullptr) {
    Parked* const signalled = first;
    first = signalled->Leave(first);
    signalled->signalled = true;
    signalled->fiber->Unpark();
    if (!all) break;
  }
  parked_.store(first, std::memory_order_relaxed);
  return any;
}

}  // namespace rpyc
