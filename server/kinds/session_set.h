#ifndef RPYC_SERVER_KINDS_SESSION_SET_H_
#define RPYC_SERVER_KINDS_SESSION_SET_H_

#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"
#include "server/server_kind.h"
#include "server/session.h"

namespace rpyc {

// The status of a connection that comes while the server is being closed.
absl::Status ServerIsClosing();

// How long a kind, once drained, waits for its idle threads to end.
inline constexpr absl::Duration kThreadEndGrace = absl::Seconds(2);

// The open sessions of a kind, which it drains.
// Owns:    shared by the kind and the threads that serve: a call that never returns keeps its
//          thread when the kind is long gone.
// Threads: any.
class SessionSet {
 public:
  using SessionPtr = std::shared_ptr<Drainable>;

  // Returns false once draining has begun.
  bool Add(const SessionPtr& session);
  void Remove(const SessionPtr& session);

  // Does what ServerKind::Drain says. A later call with an earlier deadline hastens it.
  void Drain(absl::Time deadline);
  ServerKindStats Stats() const;

 private:
  // The open sessions. Their methods and destructors may run user code, so callers use this copy
  // and hold no lock.
  std::vector<SessionPtr> Snapshot() const;
  // Whether a session is in no call.
  bool AnyIdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar removed_;
  std::unordered_set<SessionPtr> open_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time drain_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  int64_t abandoned_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_SESSION_SET_H_
