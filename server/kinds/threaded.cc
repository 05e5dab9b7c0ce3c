#include "server/kinds/threaded.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "rpyc/mutex.h"
#include "server/thread.h"

namespace rpyc {
namespace {

using SessionPtr = std::shared_ptr<Session>;

// After the deadline, for calls that end soon because their socket was shut.
constexpr absl::Duration kGrace = absl::Milliseconds(100);
// After that, for sessions that are in no call: they have only to say goodbye.
constexpr absl::Duration kGoodbye = absl::Seconds(2);

// The sessions that run. Shared with their threads, since a call that never returns keeps its
// thread when the kind is long gone.
class Sessions {
 public:
  // Returns false once draining has begun.
  bool Add(const SessionPtr& session) {
    MutexLock lock(&mutex_);
    if (draining_) return false;
    open_.insert(session);
    return true;
  }

  void Remove(const SessionPtr& session) {
    MutexLock lock(&mutex_);
    open_.erase(session);
    removed_.SignalAll();
  }

  void Drain(absl::Time deadline) {
    {
      MutexLock lock(&mutex_);
      draining_ = true;
      drain_deadline_ = std::min(drain_deadline_, deadline);
      removed_.SignalAll();  // another Drain may be waiting for a later deadline
    }
    for (const SessionPtr& session : Snapshot()) session->Drain();
    {
      MutexLock lock(&mutex_);
      while (!open_.empty() && absl::Now() < drain_deadline_) {
        removed_.WaitUntil(&mutex_, drain_deadline_);
      }
    }
    for (const SessionPtr& session : Snapshot()) session->Shutdown();
    MutexLock lock(&mutex_);
    const absl::Time grace = absl::Now() + kGrace;
    while (!open_.empty() && removed_.WaitUntil(&mutex_, grace)) {
    }
    const absl::Time goodbye = absl::Now() + kGoodbye;
    while (AnyIdleLocked() && removed_.WaitUntil(&mutex_, goodbye)) {
    }
    abandoned_ = static_cast<int64_t>(open_.size());
  }

  ServerKindStats Stats() const {
    MutexLock lock(&mutex_);
    return {.sessions_open = static_cast<int64_t>(open_.size()), .abandoned_calls = abandoned_};
  }

 private:
  // User code may run in sessions' methods and destructors, hence outside the lock.
  std::vector<SessionPtr> Snapshot() const {
    MutexLock lock(&mutex_);
    return {open_.begin(), open_.end()};
  }

  bool AnyIdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(open_.begin(), open_.end(),
                       [](const SessionPtr& session) { return !session->busy(); });
  }

  mutable Mutex mutex_;
  CondVar removed_;
  std::unordered_set<SessionPtr> open_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time drain_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  int64_t abandoned_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ThreadedKind : public ServerKind {
 public:
  absl::Status Start(const KindContext& context) override {
    make_session_ = context.make_session;
    return absl::OkStatus();
  }

  absl::Status Admit(Socket socket) override {
    SessionPtr session = make_session_(std::move(socket));
    if (!sessions_->Add(session)) return absl::CancelledError("the server is closing");
    absl::Status started = StartThread([sessions = sessions_, session] {
      session->ServeAll();
      sessions->Remove(session);
    });
    if (!started.ok()) sessions_->Remove(session);
    return started;
  }

  absl::Status Drain(absl::Time deadline) override {
    sessions_->Drain(deadline);
    return absl::OkStatus();
  }

  ServerKindStats Stats() const override { return sessions_->Stats(); }

 private:
  std::function<std::shared_ptr<Session>(Socket)> make_session_;
  const std::shared_ptr<Sessions> sessions_ = std::make_shared<Sessions>();
};

}  // namespace

std::unique_ptr<ServerKind> MakeThreadedKind() { return std::make_unique<ThreadedKind>(); }

}  // namespace rpyc
