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

// A piece of work for a fiber.
class FiberTask {
 public:
  virtual ~FiberTask() = default;
  // Does the work, on a fiber. Must not throw.
  virtual void Run() = 0;
};

// The fibers of one loop, and the queue of those that may go on. A task gets a fiber only when it
// is about to run, and a fiber that has done its task takes the next, so that a few fibers serve
// thousands of connections that want something now and then. At most `size` fibers have a task,
// parked ones included; further tasks wait.
// Threads: the loop's own, except for stats, which any may call.
class FiberPool {
 public:
  // What the fibers of a pool need of the loop that runs it.
  class LoopInterface {
   public:
    // Whether the caller is the loop's thread.
    virtual bool IsOnLoopThread() const = 0;
    // Has the loop's thread call Wake.
    // Threads: any but the loop's.
    virtual void WakeFromOtherThread(Fiber* fiber) = 0;
    // These do what the functions of the same name in Fiber say.
    virtual bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable,
                            absl::Time deadline) = 0;
    virtual void MarkNotReady(int fd, bool readable) = 0;
    virtual const std::shared_ptr<FiberLoop>& loop() const = 0;

   protected:
    ~LoopInterface() = default;
  };

  struct Stats {
    int64_t busy = 0;       // fibers that have a task now
    int64_t peak_busy = 0;  // the most fibers that have had a task at one time
    int64_t saturated = 0;  // how often the last free fiber got a task
  };

  // Borrows `loop_interface` and `monitor`.
  FiberPool(int size, size_t stack_bytes, LoopInterface* loop_interface, LoopMonitor* monitor);
  // Call End first.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // Queues `task` for the next free fiber.
  void Add(std::shared_ptr<FiberTask> task) { tasks_.push_back(std::move(task)); }
  // Has a parked fiber go on. One that is not parked will not park the next time.
  void Wake(Fiber* fiber);

  // Runs each fiber that is ready until it parks or has done its task. A fiber that becomes ready
  // meanwhile waits for the next call.
  void RunReady();
  // Wakes the fibers whose deadline has passed.
  void WakeExpired(int64_t now);
  // How long epoll_wait may sleep: for that long there is nothing to do unless a fiber is woken.
  // Units:   milliseconds; -1 means for ever.
  int IdleMilliseconds(int64_t now) const;
  bool has_nothing_to_do() const { return busy_ == 0 && tasks_.empty(); }
  // Ends the idle fibers. No fiber may have a task, and none runs afterwards.
  void End();

  Stats stats() const;
  // Returns the time of the steady clock.
  // Units:   nanoseconds.
  static int64_t Now();

 private:
  class PooledFiber;

  // Whether one more fiber may have a task.
  bool MayStartTask() const { return busy_ < size_; }
  // Takes a fiber with a stack for a task. Null: `size_` fibers have one, or there is no memory.
  PooledFiber* TakeFiber();
  // Runs `fiber` until it parks or has done its task, and counts it.
  void Run(PooledFiber* fiber);
  // Has `fiber` woken at `deadline`. It goes by the steady clock, so that a step of the wall clock
  // changes nothing.
  void SetTimer(PooledFiber* fiber, absl::Time deadline);

  const int size_;
  const size_t stack_bytes_;
  LoopInterface* const loop_interface_;
  LoopMonitor* const monitor_;

  // All fibers that were ever made: other threads may still point to one.
  std::vector<std::unique_ptr<PooledFiber>> fibers_;
  std::vector<PooledFiber*> idle_;       // have a stack and no task
  std::vector<PooledFiber*> stackless_;  // have neither
  std::deque<PooledFiber*> ready_;
  std::deque<std::shared_ptr<FiberTask>> tasks_;  // wait for a fiber
  TimerQueue timers_;
  int busy_ = 0;
  bool out_of_stacks_ = false;
  bool ending_ = false;
  Throttle shortage_log_;

  // For other threads to read.
  std::atomic<int64_t> published_busy_{0};
  std::atomic<int64_t> peak_busy_{0};
  std::atomic<int64_t> saturated_{0};
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FIBER_POOL_H_
