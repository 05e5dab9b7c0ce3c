#ifndef RPYC_FIBER_H_
#define RPYC_FIBER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/thread_locals.h"

namespace rpyc {

// A loop that runs fibers on a thread of its own.
// Threads: any.
class FiberLoop {
 public:
  virtual ~FiberLoop() = default;

  // Whether the calling thread of control is one of its fibers.
  virtual bool IsCurrent() const = 0;
  // Has one of its fibers run `task` later. Once the loop has ended, `task` is destroyed without
  // having run.
  virtual void Post(std::function<void()> task) = 0;
};

// A thread of control that shares its thread with other fibers: it must not block the thread when
// it waits, so it parks, and the thread goes on with another fiber. All waiting code of ours asks
// Current(), and so works on a thread and on a fiber: CondVar, SocketStream, SleepFor. A fiber
// never changes its thread. The loop that runs it is a server kind's (server/kinds/event_loop.h).
// Threads: its own, except as said.
class Fiber {
 public:
  // The fiber that calls; null on a thread without fibers.
  static Fiber* Current() { return ThreadLocals::Current().fiber; }

  // Waits until Unpark has been called, meanwhile or since the last Park, or until `deadline`. May
  // return without cause.
  virtual void Park(absl::Time deadline) = 0;
  // Any thread may call it while the caller makes sure that the fiber's loop goes on.
  virtual void Unpark() = 0;

  // Waits until the descriptor, which must stay open, can be read or written, as asked for. False:
  // it cannot by `deadline`.
  virtual bool AwaitReady(int fd, bool readable, bool writable, absl::Time deadline) = 0;
  // Notes that the descriptor has just been read, or written, until nothing more was possible.
  virtual void MarkNotReady(int fd, bool readable) = 0;

  virtual const std::shared_ptr<FiberLoop>& loop() const = 0;
  // Whether its stack is nearly used up, so that calls a peer can nest must nest no deeper. Enough
  // is left for a call that does not nest.
  virtual bool IsStackShort() const = 0;

  // Says, for its scope, which user code the caller runs, if it is a fiber: the name of a method,
  // borrowed. The loop's monitor names the method that blocks the loop.
  class Running {
   public:
    explicit Running(const std::string& name) : fiber_(Current()) {
      if (fiber_ == nullptr) return;
      outer_ = fiber_->running_;
      fiber_->SetRunning(&name);
    }
    ~Running() {
      if (fiber_ != nullptr) fiber_->SetRunning(outer_);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Fiber* const fiber_;
    const std::string* outer_ = nullptr;
  };

 protected:
  ~Fiber() = default;

 private:
  // Shows other threads the name, so it is copied; empty: no user code runs.
  virtual void ShowRunning(absl::string_view name) = 0;
  void SetRunning(const std::string* name) {
    running_ = name;
    ShowRunning(name == nullptr ? absl::string_view() : absl::string_view(*name));
  }

  const std::string* running_ = nullptr;
};

}  // namespace rpyc

#endif  // RPYC_FIBER_H_
