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

// A connection at one moment.
struct ConnectionRecord {
  int64_t number = 0;  // rising; no other connection of the program has ever had it
  std::string peer;    // for people: "127.0.0.1:53422"
  absl::Time start_time;
  bool authenticating = false;  // the peer is still to say who it is
  bool busy = false;            // a call runs
  int dialect = 0;              // 5 or 6; 0: not known yet
  int64_t calls_total = 0;
  int64_t calls_failed = 0;
  int64_t received_bytes = 0;
  int64_t sent_bytes = 0;
  int64_t process_id = 0;  // 0: it has no process of its own

  // Of one that has ended.
  struct End {
    int64_t number = 0;  // rising, over all ends of the program
    absl::Time time;
    absl::Status status;  // as Session::ServeAll; kCancelled - by Close
  };
  std::optional<End> end = std::nullopt;
};

// The book of a server's sessions: counts them and their calls, shows them, ends one, and knows how
// the last ones ended. Calls are counted by each connection for itself and only summed up here, so
// that a call costs nothing. Shared by the server, its sessions and whoever looks. Threads: any.
class SessionLedger {
 public:
  struct Totals {
    int64_t connections_total = 0;
    int64_t connections_open = 0;
    int64_t connections_refused = 0;
    int64_t calls_total = 0;
    int64_t calls_failed = 0;
  };
  // How many that have ended are shown.
  static constexpr size_t kEndsKept = 100;

  // A session has begun; answers its number. All three stay valid until that is passed to Ended.
  // The session's methods neither wait nor run user code: they are called under a lock.
  int64_t Began(Drainable* session, const std::string* peer, const ConnectionCounters* counters);
  // It counts in `counters` from now on; it has not counted anything yet.
  void UseCounters(int64_t number, const ConnectionCounters* counters);
  // Answers how it ended, which is `status` unless Close ended it.
  absl::Status Ended(int64_t number, absl::Status status);
  void Refused();

  int64_t open() const;
  Totals totals() const;

  // The numbers of the open ones, rising.
  std::vector<int64_t> Numbers() const;
  // One that is open, or one of the last that ended.
  std::optional<ConnectionRecord> Get(int64_t number) const;
  // The last that ended, newest first.
  std::vector<ConnectionRecord> Ends() const;

  // Ends one: at once if it is idle, else when its call has been answered, and after
  // `drain_timeout` in any case; if it has a process that does not end then, that is killed.
  // Answers what it has come to; it has no end yet if a call, whose socket has been shut, still
  // runs. Harmless for one that has just ended; nullopt: there is none of that number.
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
  void AwaitEndLocked(int64_t number, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar ended_;
  int closing_waiters_ ABSL_GUARDED_BY(mutex_) = 0;  // wait for ended_
  std::map<int64_t, Live> live_ ABSL_GUARDED_BY(mutex_);
  std::deque<ConnectionRecord> ends_ ABSL_GUARDED_BY(mutex_);  // oldest first
  Totals totals_ ABSL_GUARDED_BY(mutex_);  // without the calls of live ones, and without open
};

}  // namespace rpyc

#endif  // RPYC_SERVER_SESSION_LEDGER_H_
