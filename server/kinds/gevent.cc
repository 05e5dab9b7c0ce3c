#include "server/kinds/gevent.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/mutex.h"
#include "server/kinds/event_loop.h"
#include "server/kinds/session_set_kind.h"
#include "server/log.h"
#include "server/watcher.h"

namespace rpyc {
namespace {

// So many messages of one connection are served before another connection is.
constexpr int kMaxRequestsAtOnce = 64;

// Counts the loops of a kind that have not ended. Outlives the kind where a loop is stuck.
// Threads: any.
class RunningLoops {
 public:
  void Began() {
    MutexLock lock(&mutex_);
    ++running_;
  }
  void Ended() {
    MutexLock lock(&mutex_);
    RPYC_ASSERT(running_ > 0);
    --running_;
    ended_.SignalAll();
  }
  // Waits until no more than `stuck` loops run, or until `deadline`.
  void AwaitEnd(int64_t stuck, absl::Time deadline) {
    MutexLock lock(&mutex_);
    while (running_ > stuck && ended_.WaitUntil(&mutex_, deadline)) {
    }
  }

 private:
  Mutex mutex_;
  CondVar ended_;
  int64_t running_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A session and the loop whose fibers serve it.
struct LoopSession {
  void Serve() {
    if (!session->ServeArrived(kMaxRequestsAtOnce).has_value()) return;
    loop->Unwatch(number);
    sessions->Remove(session);
  }

  const std::shared_ptr<Session> session;
  const std::shared_ptr<SessionSet> sessions;
  EventLoop* const loop;
  uint64_t number = 0;
};

// Has `loop` serve `session` from now on. Called by a fiber of `loop`.
void BeginServing(const std::shared_ptr<EventLoop>& loop, int fd,
                  const std::shared_ptr<Session>& session,
                  const std::shared_ptr<SessionSet>& sessions) {
  const auto served = std::make_shared<LoopSession>(LoopSession{session, sessions, loop.get()});
  const absl::StatusOr<uint64_t> number = loop->Watch(fd, [served] { served->Serve(); });
  if (!number.ok()) {
    LogWarning("refused ", session->peer(), ": ", number.status().message());
    return sessions->Remove(session);
  }
  served->number = *number;
  session->ServeBy([loop, number = *number](Stream::Event wanted) { loop->Arm(number, wanted); });
}

class GeventKind : public SessionSetKind, private Watcher::Watched {
 public:
  ~GeventKind() override { StopLoops(); }

  absl::Status Start(const KindContext& context) override {
    if (absl::Status started = SessionSetKind::Start(context); !started.ok()) return started;
    const ServerOptions& options = *context.options;
    for (int i = 0; i < options.loops; ++i) {
      auto loop = std::make_shared<EventLoop>(
          EventLoop::Options{.label = absl::StrCat(options.service, ", loop ", i + 1),
                             // The option is for the whole server; each loop has its share.
                             .max_fibers = (options.max_fibers + options.loops - 1) / options.loops,
                             .stack_bytes = static_cast<size_t>(options.fiber_stack_kib) << 10,
                             .on_ended = [running = running_] { running->Ended(); }});
      running_->Began();
      if (absl::Status started = loop->Start(); !started.ok()) {
        running_->Ended();
        StopLoops();
        return started;
      }
      loops_.push_back(std::move(loop));
    }
    max_fibers_ = options.max_fibers;
    watcher_ = context.watcher;
    if (watcher_ != nullptr) watcher_->Add(this);
    return absl::OkStatus();
  }

  absl::Status Admit(Socket socket) override {
    const int fd = socket.fd();
    absl::StatusOr<std::shared_ptr<Session>> session = AddSession(std::move(socket));
    if (!session.ok()) return session.status();
    const std::shared_ptr<EventLoop>& loop = loops_[next_loop_++ % loops_.size()];
    loop->Post([loop, fd, session = *std::move(session), sessions = sessions()] {
      BeginServing(loop, fd, session, sessions);
    });
    return absl::OkStatus();
  }

  absl::Status Drain(absl::Time deadline) override {
    absl::Status drained = SessionSetKind::Drain(deadline);
    StopLoops();
    running_->AwaitEnd(sessions()->Stats().abandoned_calls, absl::Now() + kThreadEndGrace);
    return drained;
  }

  ServerKindStats Stats() const override {
    ServerKindStats stats = SessionSetKind::Stats();
    ServerKindStats::Fibers& fibers = stats.fibers.emplace(ServerKindStats::Fibers());
    fibers.size = max_fibers_;
    const int64_t now = FiberPool::Now();
    for (const std::shared_ptr<EventLoop>& loop : loops_) {
      const FiberPool::Stats pool_stats = loop->stats();
      fibers.busy += pool_stats.busy;
      fibers.most_busy += pool_stats.peak_busy;
      fibers.saturated += pool_stats.saturated;
      const LoopMonitor::Stats blocked = loop->monitor().stats(now);
      fibers.blocked += blocked.blocked;
      if (blocked.longest > fibers.longest_blocked) {
        fibers.longest_blocked = blocked.longest;
        fibers.longest_blocked_by = blocked.longest_by;
      }
      if (blocked.blocked_for > fibers.blocked_for) {
        fibers.blocked_for = blocked.blocked_for;
        fibers.blocked_by = blocked.blocked_by;
      }
    }
    return stats;
  }

 private:
  void Tick() override {
    const int64_t now = FiberPool::Now();
    for (const std::shared_ptr<EventLoop>& loop : loops_) loop->monitor().Tick(now);
  }

  void StopLoops() {
    if (stopped_.exchange(true)) return;
    if (watcher_ != nullptr) watcher_->Remove(this);
    for (const std::shared_ptr<EventLoop>& loop : loops_) loop->Stop();
  }

  // Constant once started.
  std::vector<std::shared_ptr<EventLoop>> loops_;
  int64_t max_fibers_ = 0;
  Watcher* watcher_ = nullptr;

  const std::shared_ptr<RunningLoops> running_ = std::make_shared<RunningLoops>();
  size_t next_loop_ = 0;  // used by the thread that calls Admit
  std::atomic<bool> stopped_{false};
};

}  // namespace

std::unique_ptr<ServerKind> MakeGeventKind() { return std::make_unique<GeventKind>(); }

}  // namespace rpyc
