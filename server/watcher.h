#ifndef RPYC_SERVER_WATCHER_H_
#define RPYC_SERVER_WATCHER_H_

#include <memory>

#include "rpyc/byte_budget.h"

namespace rpyc {

// One thread for all connections of a host: looks at each ten times a second, to read ahead where a
// method runs long and to tell it when its client has gone (rpyc/activity.h says why), and to end
// what takes too long. Sleeps while there is none. Threads: any.
class Watcher {
 public:
  class Watched {
   public:
    virtual ~Watched() = default;
    // Never waits, runs no user code.
    virtual void Tick() = 0;
  };

  // What large messages have left behind is given back in between (HeapTrimmer); `budget` is the
  // host's, or null.
  explicit Watcher(std::shared_ptr<const ByteBudget> budget = nullptr);
  // One that has no thread: whoever has one calls Tick, every Connection::kLookInterval.
  struct NoThread {};
  explicit Watcher(NoThread);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // `watched` is looked at until Remove, which waits for a look that is in progress. If there is
  // no thread to be had, connections are not watched until the next Add.
  void Add(Watched* watched);
  void Remove(Watched* watched);
  // Looks at all once.
  void Tick();

 private:
  class WatchLoop;
  const std::shared_ptr<WatchLoop> loop_;  // shared with the thread
};

}  // namespace rpyc

#endif  // RPYC_SERVER_WATCHER_H_
