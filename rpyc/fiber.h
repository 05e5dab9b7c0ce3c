#ifndef RPYC_FIBER_H_
#define RPYC_FIBER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/thread_locals.h"

namespace rpyc {

// A loop that runs fibers on a thread of its own. Threads: any.
class FiberLoop {
 public:
  virtual ~FiberLoop() = default;

  // Whether the caller is one of its fibers.
  virtual bool IsCurrent() const = 0;
  // Runs `task` on one of its fibers, some time. Once the loop has ended `task` is destroyed
  // without having run.
  virtual void Post(std::function<void()> task) = 0;
};

// A thread of control that shares its thread with others: what waits must not block the thread, so
// it parks, and the thread goes on with another fiber. Whatever of ours waits asks Current() and is
// at home on either: CondVar, SocketStream, SleepFor. A fiber never changes its thread.
// The loop that runs it is a server kind's (server/kinds/event_loop.h). Threads: its own, except as
// said.
class Fiber {
 public:
  // The fiber that calls; null: it is a thread.
  static Fiber* Current() { return ThreadLocals::Current().fiber; }

  // Waits until Unpark has been called, meanwhile or since the last Park, or until `deadline`. May
  // return without cause.
  virtual void Park(absl::Time deadline) = 0;
  // Any thread, while somebody sees to it that the fiber's loop goes on.
  virtual void Unpark() = 0;

  // Waits until the descriptor, which must stay open, can be read or written, as asked for; false:
  // not by `deadline`.
  virtual bool AwaitReady(int fd, bool readable, bool writable, absl::Time deadline) = 0;
  // Says that reading, or writing, has just been tried and there is no more to be had.
  virtual void MarkNotReady(int fd, bool readable) = 0;

  virtual const std::shared_ptr<FiberLoop>& loop() const = 0;
  // Whether its stack is nearly used up: what nests at a peer's will must nest no deeper. Enough is
  // left for a call that does not.
  virtual bool IsStackShort() const = 0;

  // Says, for its scope, what user code the caller runs, should it be a fiber: the name of a
  // method, borrowed. Who watches the loop tells by it who blocks it.
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
  // For other threads' eyes, that is by value; empty: nothing more.
  virtual void ShowRunning(absl::string_view name) = 0;
  void SetRunning(const std::string* name) {
    running_ = name;
    ShowRunning(name == nullptr ? absl::string_view() : absl::string_view(*name));
  }

  const std::string* running_ = nullptr;
};

}  // namespace rpyc

#endif  // RPYC_FIBER_H_
