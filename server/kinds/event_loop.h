#ifndef RPYC_SERVER_KINDS_EVENT_LOOP_H_
#define RPYC_SERVER_KINDS_EVENT_LOOP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/fiber.h"
#include "rpyc/mutex.h"
#include "rpyc/stream.h"
#include "rpyc/transport/fd.h"
#include "server/kinds/fiber_pool.h"
#include "server/kinds/loop_monitor.h"
#include "server/kinds/poller.h"

namespace rpyc {

// A thread that waits for many descriptors and runs fibers for those that are ready. Other threads
// put what they want of it into its inbox: tasks, fibers to wake, descriptors to arm.
// Its thread keeps it alive, and a fiber that blocks may keep that thread from ever ending.
// Threads: any, except as said.
class EventLoop : public FiberLoop,
                  private FiberPool::LoopInterface,
                  public std::enable_shared_from_this<EventLoop> {
 public:
  struct Options {
    std::string label;  // names the loop in the log
    int max_fibers = 0;
    size_t stack_bytes = 0;
    // Called once, by the loop's thread, when the loop has ended.
    std::function<void()> on_ended;
  };

  explicit EventLoop(Options options);
  ~EventLoop() override;

  // Starts the loop's thread.
  // Errors:  kResourceExhausted - out of threads or descriptors.
  absl::Status Start();
  // Ends the loop as soon as no fiber has a task and no descriptor is watched. Does not wait.
  void Stop();

  bool IsCurrent() const override;
  void Post(std::function<void()> task) override;

  // Does what Poller::Watch and Poller::Unwatch do.
  // Threads: a fiber of this loop.
  absl::StatusOr<uint64_t> Watch(int fd, std::function<void()> serve);
  void Unwatch(uint64_t number) { poller_.Unwatch(number); }
  // Does what Poller::Arm does.
  // Threads: any.
  void Arm(uint64_t number, Stream::Event wanted);

  FiberPool::Stats stats() const { return pool_.stats(); }
  LoopMonitor& monitor() { return monitor_; }

 private:
  // What other threads want of the loop.
  struct Inbox {
    std::vector<std::shared_ptr<FiberTask>> tasks;
    std::vector<Fiber*> woken;
    std::vector<std::pair<uint64_t, Stream::Event>> arms;
    bool stop = false;
  };

  // FiberPool::LoopInterface. AwaitReady and MarkNotReady are called by fibers of this loop, the
  // rest by any thread.
  bool IsOnLoopThread() const override;
  void WakeFromOtherThread(Fiber* fiber) override;
  bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable, absl::Time deadline) override;
  void MarkNotReady(int fd, bool readable) override;
  const std::shared_ptr<FiberLoop>& loop() const override { return self_; }

  // Has `write` put something into the inbox and wakes the loop; takes mutex_. Returns false if the
  // loop has ended: then nothing was put.
  // Threads: any.
  template <typename Write>
  bool AddToInbox(const Write& write);
  // Runs the loop from its start to its end.
  // Threads: the loop's, of which this is the body.
  void Run();
  // Hands what is in the inbox to the pool and the poller; takes mutex_.
  // Threads: the loop's.
  void EmptyInbox();

  const Options options_;
  LoopMonitor monitor_;
  Fd wake_;
  std::shared_ptr<FiberLoop> self_;  // set while the loop's thread runs

  // Used by the loop's thread only.
  FiberPool pool_;
  Poller poller_;
  bool stopping_ = false;

  std::atomic<bool> inbox_filled_{false};  // written under mutex_
  Mutex mutex_;
  Inbox inbox_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_EVENT_LOOP_H_
