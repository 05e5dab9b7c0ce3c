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
// leave it mail: tasks, fibers to wake, descriptors to arm.
// Kept alive by its thread, which some fiber may never let end. Threads: any, except as said.
class EventLoop : public FiberLoop,
                  private FiberPool::LoopInterface,
                  public std::enable_shared_from_this<EventLoop> {
 public:
  struct Options {
    std::string label;  // for the log
    int max_fibers = 0;
    size_t stack_bytes = 0;
    // Called once, by its thread, when it has ended.
    std::function<void()> on_ended;
  };

  explicit EventLoop(Options options);
  ~EventLoop() override;

  // Starts its thread. Errors:  kResourceExhausted - out of threads or descriptors.
  absl::Status Start();
  // Ends it as soon as no fiber is in the middle of something and no descriptor is watched.
  void Stop();

  bool IsHere() const override;
  void Post(std::function<void()> task) override;

  // As Poller's. By a fiber of this loop.
  absl::StatusOr<uint64_t> Watch(int fd, std::function<void()> serve);
  void Unwatch(uint64_t number) { poller_.Unwatch(number); }
  // The same, by any thread.
  void Arm(uint64_t number, Stream::Event wanted);

  FiberPool::Stats stats() const { return pool_.stats(); }
  LoopMonitor& monitor() { return monitor_; }

 private:
  // What other threads want.
  struct Inbox {
    std::vector<std::shared_ptr<FiberTask>> tasks;
    std::vector<Fiber*> woken;
    std::vector<std::pair<uint64_t, Stream::Event>> arms;
    bool stop = false;
  };

  bool IsOnLoopThread() const override;
  void WakeFromOtherThread(Fiber* fiber) override;
  bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable, absl::Time deadline) override;
  void Exhausted(int fd, bool readable) override;
  const std::shared_ptr<FiberLoop>& loop() const override { return self_; }

  template <typename Write>
  bool AddToInbox(const Write& write);
  void Run();
  void EmptyInbox();

  const Options options_;
  LoopMonitor monitor_;
  Fd wake_;
  std::shared_ptr<FiberLoop> self_;  // while its thread runs

  // Its thread's.
  FiberPool pool_;
  Poller poller_;
  bool stopping_ = false;

  std::atomic<bool> inbox_filled_{false};
  Mutex mutex_;
  Inbox inbox_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_EVENT_LOOP_H_
