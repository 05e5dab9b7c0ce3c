#ifndef RPYC_HELD_RUN_LOCK_H_
#define RPYC_HELD_RUN_LOCK_H_

#include <cstdint>

#include "rpyc/activity.h"
#include "rpyc/call_policy.h"
#include "rpyc/thread_locals.h"

namespace rpyc {

// Says, for its scope, that this thread runs a request of a connection, so that it has the
// connection's run lock and the service lock. A thread that waits for a peer within the scope
// yields both meanwhile. Scopes nest: a thread that waits serves, and what it serves may wait too.
class HeldRunLock {
 public:
  // `peer_thread` is the peer's thread that sent the request, 0 where threads are not bound.
  HeldRunLock(Activity* activity, CallRunner* runner, uint64_t peer_thread)
      : activity_(activity), runner_(runner), peer_thread_(peer_thread), outer_(Innermost()) {
    Innermost() = this;
  }
  ~HeldRunLock() { Innermost() = outer_; }
  HeldRunLock(const HeldRunLock&) = delete;
  HeldRunLock& operator=(const HeldRunLock&) = delete;

  // Whether this thread is in the middle of a request of the connection `activity` belongs to.
  static bool Within(const Activity* activity) { return Innermost(activity) != nullptr; }
  // The peer's thread that waits for that request; 0 if there is none or threads are not bound.
  static uint64_t PeerThread(const Activity* activity);

  // Yields, for its scope, the innermost run lock that this thread holds, if there is one.
  class Yield {
   public:
    Yield();
    ~Yield();
    Yield(const Yield&) = delete;
    Yield& operator=(const Yield&) = delete;

   private:
    HeldRunLock* const held_;
    bool yielded_service_lock_ = false;
  };

 private:
  static HeldRunLock*& Innermost() { return ThreadLocals::Current().held_run_lock; }
  static const HeldRunLock* Innermost(const Activity* activity);

  Activity* const activity_;
  CallRunner* const runner_;
  const uint64_t peer_thread_;
  HeldRunLock* const outer_;
};

}  // namespace rpyc

#endif  // RPYC_HELD_RUN_LOCK_H_
