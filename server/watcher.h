#ifndef RPYC_SERVER_WATCHER_H_
#define RPYC_SERVER_WATCHER_H_

#include <memory>

#include "rpyc/byte_budget.h"

namespace rpyc {

// Calls Tick of every connection of a host ten times a second, on one thread. A tick reads ahead
// for a method that runs long, tells it when its client has gone (rpyc/activity.h says why), and
// ends what takes too long. The thread sleeps while there are no connections.
// Threads: any.
class Watcher {
 public:
  class Watched {
   public:
    virtual ~Watched() = default;
    // Never waits, runs no user code.
    virtual void Tick() = 0;
  };

  // Between ticks the thread returns the memory that large messages have left free to the system
  // (HeapTrimmer). `budget` is the host's, or null.
  explicit Watcher(std::shared_ptr<const ByteBudget> budget = nullptr);
  // Makes a watcher without a thread: its owner calls Tick every Connection::kTickInterval.
  struct NoThread {};
  explicit Watcher(NoThread);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Ticks `watched` until Remove, which waits for a tick that runs. If no thread can be started,
  // nothing is ticked until the next Add.
  void Add(Watched* watched);
  void Remove(Watched* watched);
  // Ticks everything once.
  void Tick();

 private:
  class WatchLoop;                         // the watched objects, and the thread's loop over them
  const std::shared_ptr<WatchLoop> loop_;  // shared with the thread
};

}  // namespace rpyc

#endif  // RPYC_SERVER_WATCHER_H_
