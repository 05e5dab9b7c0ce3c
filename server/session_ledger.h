#ifndef RPYC_SERVER_SESSION_LEDGER_H_
#define RPYC_SERVER_SESSION_LEDGER_H_

#include <cstdint>
#include <unordered_set>

#include "rpyc/connection.h"
#include "rpyc/mutex.h"

namespace rpyc {

// Counts a server's sessions and their calls. Calls are counted by each connection for itself and
// only summed up here, so that a call costs nothing. Shared by the server and its sessions.
// Threads: any.
class SessionLedger {
 public:
  struct Totals {
    int64_t connections_total = 0;
    int64_t connections_open = 0;
    int64_t connections_refused = 0;
    int64_t calls_total = 0;
    int64_t calls_failed = 0;
  };

  // A session has begun; `counters` stay valid until the same are passed to Ended.
  void Began(const ConnectionCounters* counters);
  void Ended(const ConnectionCounters* counters);
  void Refused();

  int64_t open() const;
  Totals totals() const;

 private:
  mutable Mutex mutex_;
  std::unordered_set<const ConnectionCounters*> live_ ABSL_GUARDED_BY(mutex_);
  Totals totals_ ABSL_GUARDED_BY(mutex_);  // without the calls of live ones, and without open
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_LEDGER_H_
