#ifndef RPYC_MUTEX_H_
#define RPYC_MUTEX_H_

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/fiber.h"

namespace rpyc {

// std::mutex with thread-safety annotations, checked by clang's -Wthread-safety. Used instead of
// absl::Mutex because the packaged Abseil is not built for TSan, which then sees false races.
// Locking blocks the thread, also that of a fiber: while it is held, only a CondVar may wait.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  // Never waits. Returns whether the caller has locked it.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mutex_.try_lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

// Waits for a change that another thread makes under the mutex: a thread blocks, a fiber parks.
class CondVar {
 public:
  // Both wait with `mutex` released and hold it again on return; they may wake without cause.
  void Wait(Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (Fiber::Current() != nullptr) {
      Park(mutex, absl::InfiniteFuture());
      return;
    }
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Returns false once `deadline` has passed.
  bool WaitUntil(Mutex* mutex, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (Fiber::Current() != nullptr) return Park(mutex, deadline);
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    bool in_time = true;
    if (deadline == absl::InfiniteFuture()) {
      cv_.wait(lock);
    } else {
      // The steady clock is used, so that a step of the wall clock neither hastens nor delays it.
      const auto left = absl::ToChronoNanoseconds(deadline - absl::Now());
      in_time = cv_.wait_for(lock, left) == std::cv_status::no_timeout;
    }
    lock.release();
    return in_time;
  }
  void Signal() {
    if (!SignalFibers(/*all=*/false)) cv_.notify_one();
  }
  void SignalAll() {
    SignalFibers(/*all=*/true);
    cv_.notify_all();
  }

 private:
  struct Parked;

  // What WaitUntil does on a fiber.
  bool Park(Mutex* mutex, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Wakes one or all of the fibers that wait, and returns whether there was one.
  bool SignalFibers(bool all) {
    // A fiber that waits has put itself there under the mutex that the change was made under.
    return parked_.load(std::memory_order_relaxed) != nullptr && Unpark(all);
  }
  // What SignalFibers does if fibers wait.
  bool Unpark(bool all);

  std::condition_variable cv_;
  std::atomic<Parked*> parked_{nullptr};  // the first of a ring of fibers that wait
};

}  // namespace rpyc

#endif  // RPYC_MUTEX_H_
