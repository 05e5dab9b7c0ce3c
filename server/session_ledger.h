#ifndef RPYC_SERVER_SESSION_LEDGER_H_
#define RPYC_SERVER_SESSION_LEDGER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "server/session.h"

namespace rpyc {

// What the ledger shows of a connection at one moment.
struct ConnectionRecord {
  int64_t number = 0;  // rises with each connection of the program, and is never used again
  std::string peer;    // the peer's name for people: "127.0.0.1:53422"
  absl::Time start_time;
  bool authenticating = false;  // the peer has not authenticated yet
  bool busy = false;            // a call runs
  int dialect = 0;              // 5 or 6; 0: not known yet
  int64_t calls_total = 0;
  int64_t calls_failed = 0;
  int64_t received_bytes = 0;
  int64_t sent_bytes = 0;
  int64_t process_id = 0;  // 0: it has no process of its own

  // How and when the connection ended.
  struct End {
    int64_t number = 0;  // rises with each end in the program
    absl::Time time;
    absl::Status status;  // what Session::ServeAll returned; kCancelled - Close ended it
  };
  std::optional<End> end = std::nullopt;
};

// The list of a server's sessions: it counts them and their calls, shows them, ends one, and knows
// how the last ones ended. Each connection counts its own calls, and the ledger only sums them up,
// so that a call costs nothing here.
// Owns: shared by the server, its sessions and the control plane.      Threads: any.
class SessionLedger {
 public:
  struct Totals {
    int64_t connections_total = 0;
    int64_t connections_open = 0;
    int64_t connections_refused = 0;
    int64_t calls_total = 0;
    int64_t calls_failed = 0;
  };
  // So many connections that have ended are shown.
  static constexpr size_t kEndsKept = 100;

  // A session has begun; returns its number. The arguments must stay valid until the number is
  // passed to Ended. The session's methods must neither wait nor run user code: they are called
  // under a lock.
  int64_t Began(Drainable* session, const std::string* peer, const ConnectionCounters* counters);
  // The session counts in `counters` from now on. It has not counted anything yet.
  void UseCounters(int64_t number, const ConnectionCounters* counters);
  // A session has ended. Returns how: `status`, unless Close ended it.
  absl::Status Ended(int64_t number, absl::Status status);
  // A connection was refused.
  void Refused();

  int64_t open() const;
  Totals totals() const;

  // The numbers of the open sessions, in rising order.
  std::vector<int64_t> Numbers() const;
  // The session of that number, open or among the last that ended.
  std::optional<ConnectionRecord> Get(int64_t number) const;
  // The last sessions that ended, newest first.
  std::vector<ConnectionRecord> Ends() const;

  // Ends a session: at once if it is idle, else when its call has been answered, and after
  // `drain_timeout` in any case. A process of its own that does not end then is killed. Returns the
  // session's record, which has no end if a call still runs whose socket has been shut. Does
  // nothing to a session that has just ended. Nullopt: there is no session of that number.
  std::optional<ConnectionRecord> Close(int64_t number, absl::Duration drain_timeout);

 private:
  enum class Closing { kNo, kClosed, kKilled };
  struct Live {
    Drainable* session;
    const std::string* peer;
    const ConnectionCounters* counters;
    absl::Time start_time;
    Closing closing = Closing::kNo;
  };

  static ConnectionRecord RecordOf(int64_t number, const Live& live);
  std::optional<ConnectionRecord> GetLocked(int64_t number) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits until the session has ended, or until `deadline`; releases mutex_ meanwhile.
  void AwaitEndLocked(int64_t number, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar ended_;
  int closing_waiters_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that wait for ended_
  std::map<int64_t, Live> live_ ABSL_GUARDED_BY(mutex_);
  std::deque<ConnectionRecord> ends_ ABSL_GUARDED_BY(mutex_);  // oldest first
  Totals totals_
      ABSL_GUARDED_BY(mutex_);  // without connections_open and the calls of open sessions
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_LEDGER_H_
