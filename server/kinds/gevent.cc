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
#include "rpyc/mutex.h"
#include "server/kinds/event_loop.h"
#include "server/kinds/session_set.h"
#include "server/log.h"
#include "server/watcher.h"

namespace rpyc {
namespace {

// Messages of one connection that are served before others have their turn.
constexpr int kBatch = 64;
// How long loops that have nothing more to do are waited for.
constexpr absl::Duration kEndGrace = absl::Seconds(2);

// How many of a kind's loops have not ended. Outlives the kind, for loops that are stuck.
class RunningLoops {
 public:
  void Began() {
    MutexLock lock(&mutex_);
    ++running_;
  }
  void Ended() {
    MutexLock lock(&mutex_);
    --running_;
    ended_.SignalAll();
  }
  // But for so many, until `deadline`.
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

// A session on its loop, by whose fibers it is used.
struct Served {
  void Serve() {
    if (!session->ServeArrived(kBatch).has_value()) return;
    loop->Unwatch(number);
    sessions->Remove(session);
  }

  const std::shared_ptr<Session> session;
  const std::shared_ptr<SessionSet> sessions;
  EventLoop* const loop;
  uint64_t number = 0;
};

// By a fiber of the loop, where the connection is at home from then on.
void BeginServing(const std::shared_ptr<EventLoop>& loop, int fd,
                  const std::shared_ptr<Session>& session,
                  const std::shared_ptr<SessionSet>& sessions) {
  const auto served = std::make_shared<Served>(Served{session, sessions, loop.get()});
  const absl::StatusOr<uint64_t> number = loop->Watch(fd, [served] { served->Serve(); });
  if (!number.ok()) {
    LogWarning("refused ", session->peer(), ": ", number.status().message());
    return sessions->Remove(session);
  }
  served->number = *number;
  session->ServeBy([loop, number = *number](Stream::Event wanted) { loop->Arm(number, wanted); });
}

class GeventKind : public ServerKind, private Watcher::Watched {
 public:
  ~GeventKind() override { StopLoops(); }

  absl::Status Start(const KindContext& context) override {
    make_session_ = context.make_session;
    const ServerOptions& options = *context.options;
    for (int i = 0; i < options.loops; ++i) {
      auto loop = std::make_shared<EventLoop>(
          EventLoop::Options{.label = absl::StrCat(options.service, ", loop ", i + 1),
                             // Of the server; each has as many.
                             .max_fibers = (options.max_fibers + options.loops - 1) / options.loops,
                             .stack_bytes = static_cast<size_t>(options.fiber_stack_kib) << 10,
                             .ended = [running = running_] { running->Ended(); }});
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
    std::shared_ptr<Session> session = make_session_(std::move(socket));
    if (!sessions_->Add(session)) return absl::CancelledError("the server is closing");
    const std::shared_ptr<EventLoop>& loop = loops_[next_++ % loops_.size()];
    loop->Post([loop, fd, session = std::move(session), sessions = sessions_] {
      BeginServing(loop, fd, session, sessions);
    });
    return absl::OkStatus();
  }

  absl::Status Drain(absl::Time deadline) override {
    sessions_->Drain(deadline);
    StopLoops();
    running_->AwaitEnd(sessions_->Stats().abandoned_calls, absl::Now() + kEndGrace);
    return absl::OkStatus();
  }

  ServerKindStats Stats() const override {
    ServerKindStats stats = sessions_->Stats();
    ServerKindStats::Fibers& fibers = stats.fibers.emplace();
    fibers.size = max_fibers_;
    const int64_t now = FiberPool::Now();
    for (const std::shared_ptr<EventLoop>& loop : loops_) {
      const FiberPool::Stats of_pool = loop->stats();
      fibers.busy += of_pool.busy;
      fibers.most_busy += of_pool.most_busy;
      fibers.saturated += of_pool.saturated;
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
    for (const std::shared_ptr<EventLoop>& loop : loops_) loop->monitor().Look(now);
  }

  void StopLoops() {
    if (stopped_.exchange(true)) return;
    if (watcher_ != nullptr) watcher_->Remove(this);
    for (const std::shared_ptr<EventLoop>& loop : loops_) loop->Stop();
  }

  // Constant once started.
  std::function<std::shared_ptr<Session>(Socket)> make_session_;
  std::vector<std::shared_ptr<EventLoop>> loops_;
  int64_t max_fibers_ = 0;
  Watcher* watcher_ = nullptr;

  const std::shared_ptr<SessionSet> sessions_ = std::make_shared<SessionSet>();
  const std::shared_ptr<RunningLoops> running_ = std::make_shared<RunningLoops>();
  size_t next_ = 0;  // of the thread that admits
  std::atomic<bool> stopped_{false};
};

}  // namespace

std::unique_ptr<ServerKind> MakeGeventKind() { return std::make_unique<GeventKind>(); }

}  // namespace rpyc
