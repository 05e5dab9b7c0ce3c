#ifndef RPYC_SERVER_KINDS_FIBER_POOL_H_
#define RPYC_SERVER_KINDS_FIBER_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "rpyc/fiber.h"
#include "rpyc/throttle.h"
#include "server/kinds/loop_monitor.h"
#include "server/kinds/timer_queue.h"

namespace rpyc {

// What a fiber is given to do.
class FiberTask {
 public:
  virtual ~FiberTask() = default;
  // On a fiber; must not throw.
  virtual void Run() = 0;
};

// The fibers of one loop, and which of them may go on. A task gets a fiber only when its turn has
// come; one that has done its task takes the next, so that a few serve thousands of connections
// that want something now and then. At most so many are in the middle of a task, parked ones
// included; more tasks wait.
// Threads: the loop's own; stats from any.
class FiberPool {
 public:
  // What its fibers need of the loop around it.
  class LoopInterface {
   public:
    // Whether the caller is the loop's thread.
    virtual bool IsOnLoopThread() const = 0;
    // By another thread: has Wake called on the loop's.
    virtual void WakeFromOtherThread(Fiber* fiber) = 0;
    // As Fiber's.
    virtual bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable,
                            absl::Time deadline) = 0;
    virtual void Exhausted(int fd, bool readable) = 0;
    virtual const std::shared_ptr<FiberLoop>& loop() const = 0;

   protected:
    ~LoopInterface() = default;
  };

  struct Stats {
    int64_t busy = 0;       // in the middle of a task
    int64_t peak_busy = 0;  // so far
    int64_t saturated = 0;  // how often so far the last free one got a task
  };

  // Borrows `loop_interface` and `monitor`.
  FiberPool(int size, size_t stack_bytes, LoopInterface* loop_interface, LoopMonitor* monitor);
  // After End.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // Has a fiber run `task` when its turn comes.
  void Add(std::shared_ptr<FiberTask> task) { tasks_.push_back(std::move(task)); }
  // Has a fiber go on that is parked; what is not will not park the next time.
  void Wake(Fiber* fiber);

  // Runs what can run, each until it parks or has done its task; what they make ready waits for the
  // next time.
  void RunReady();
  // Wakes those whose deadline has passed.
  void WakeExpired(int64_t now);
  // For how long there is nothing to do unless somebody wakes a fiber; for epoll_wait.
  // Units:   milliseconds; -1 for ever.
  int IdleMilliseconds(int64_t now) const;
  bool has_nothing_to_do() const { return busy_ == 0 && tasks_.empty(); }
  // Ends the idle fibers; nothing runs any more.
  void End();

  Stats stats() const;
  // Nanoseconds of the steady clock.
  static int64_t Now();

 private:
  class PooledFiber;

  bool MayStartTask() const { return busy_ < size_; }
  PooledFiber* TakeFiber();
  void Run(PooledFiber* fiber);
  void SetTimer(PooledFiber* fiber, absl::Time deadline);

  const int size_;
  const size_t stack_bytes_;
  LoopInterface* const loop_interface_;
  LoopMonitor* const monitor_;

  std::vector<std::unique_ptr<PooledFiber>> fibers_;  // all there ever were: others may hold them
  std::vector<PooledFiber*> idle_;                    // with a stack
  std::vector<PooledFiber*> stackless_;               // without
  std::deque<PooledFiber*> ready_;
  std::deque<std::shared_ptr<FiberTask>> tasks_;  // that have no fiber yet
  TimerQueue timers_;
  int busy_ = 0;
  bool out_of_stacks_ = false;
  bool ending_ = false;
  Throttle shortage_log_;

  // For others' eyes.
  std::atomic<int64_t> published_busy_{0};
  std::atomic<int64_t> peak_busy_{0};
  std::atomic<int64_t> saturated_{0};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FIBER_POOL_H_
