#include "server/kinds/thread_pool.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "rpyc/hash_map.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "server/kinds/session_set_kind.h"
#include "server/kinds/worker_pool.h"

namespace rpyc {
namespace {

uint32_t EventsOf(Stream::Event wanted) {
  switch (wanted) {
    case Stream::Event::kReadable:
      return EPOLLIN;
    case Stream::Event::kWritable:
      return EPOLLOUT;
    case Stream::Event::kEither:
      break;
  }
  return EPOLLIN | EPOLLOUT;
}

// An epoll of all sessions, which tells which of them has something to do. The descriptor of an
// idle session is armed. The thread that finds it ready disarms it by that, and arms it again when
// it leaves the session.
// Threads: any.
class Poll {
 public:
  Poll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), end_(::eventfd(0, EFD_CLOEXEC)) {}

  absl::Status Start() {
    if (epoll_.valid() && end_.valid() && Control(EPOLL_CTL_ADD, end_.get(), EPOLLIN, kEnd)) {
      return absl::OkStatus();
    }
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "epoll", errno);
  }

  // True once a session has been armed. Before that it may not be served.
  using ArmedFlag = std::shared_ptr<std::atomic<bool>>;

  // Watches `fd` for `session`, and returns a number for it. The session begins disarmed. epoll
  // reports a reset even so: Next ignores that until `was_armed`, and the first Arm makes epoll
  // report it again.
  // Errors:  kResourceExhausted.
  absl::StatusOr<uint64_t> Add(int fd, const std::shared_ptr<Session>& session,
                               ArmedFlag was_armed) {
    uint64_t number;
    {
      MutexLock lock(&mutex_);
      number = ++last_number_;
      by_number_.emplace(number, Entry{session, std::move(was_armed)});
    }
    if (Control(EPOLL_CTL_ADD, fd, EPOLLONESHOT, number)) return number;
    absl::Status status = ErrnoStatus(absl::StatusCode::kResourceExhausted, "epoll", errno);
    Remove(number);
    return status;
  }
  void Remove(uint64_t number) {
    MutexLock lock(&mutex_);
    by_number_.erase(number);
  }
  // Has Next return the session once it is ready. `fd` must be open.
  void Arm(int fd, uint64_t number, Stream::Event wanted) {
    Control(EPOLL_CTL_MOD, fd, EventsOf(wanted) | EPOLLONESHOT, number);
  }
  // Waits for a session that has something to do. Returns none once End has been called.
  WorkerPool::Ready Next() {
    for (;;) {
      epoll_event event;
      if (::epoll_wait(epoll_.get(), &event, 1, -1) <= 0) continue;
      if (event.data.u64 == kEnd) return {};
      MutexLock lock(&mutex_);
      const auto found = by_number_.find(event.data.u64);
      if (found == by_number_.end()) continue;  // it has ended since
      if (!found->second.was_armed->load(std::memory_order_acquire)) continue;
      return {found->first, found->second.session};
    }
  }
  void End() { ::eventfd_write(end_.get(), 1); }

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    ArmedFlag was_armed;
  };

  static constexpr uint64_t kEnd = 0;

  bool Control(int operation, int fd, uint32_t events, uint64_t number) {
    epoll_event event = {.events = events, .data = {.u64 = number}};
    // TSan takes a call of the wrapper for a hand-over of all memory, and would find no race after
    // it. The session synchronises by itself, so this calls the kernel directly.
    return ::syscall(SYS_epoll_ctl, epoll_.get(), operation, fd, &event) == 0;
  }

  const Fd epoll_;
  const Fd end_;  // an eventfd; readable for good once End has been called
  Mutex mutex_;
  // An event may come late, so numbers are never used again, unlike addresses and descriptors.
  uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = kEnd;
  HashMap<uint64_t, Entry> by_number_ ABSL_GUARDED_BY(mutex_);
};

class ThreadPoolKind : public SessionSetKind {
 public:
  absl::Status Start(const KindContext& context) override {
    if (absl::Status started = SessionSetKind::Start(context); !started.ok()) return started;
    if (absl::Status ready = poll_->Start(); !ready.ok()) return ready;
    workers_ = std::make_shared<WorkerPool>(
        context.options->nbthreads, [poll = poll_] { return poll->Next(); },
        [poll = poll_, sessions = sessions(),
         batch = context.options->request_batch_size](const WorkerPool::Ready& ready) {
          if (!ready.session->ServeArrived(batch).has_value()) return;
          poll->Remove(ready.number);
          sessions->Remove(ready.session);
        });
    absl::Status started = workers_->Start();
    if (!started.ok()) poll_->End();  // ends the threads that have started
    return started;
  }

  absl::Status Admit(Socket socket) override {
    const int fd = socket.fd();
    const absl::StatusOr<std::shared_ptr<Session>> session = AddSession(std::move(socket));
    if (!session.ok()) return session.status();
    const auto was_armed = std::make_shared<std::atomic<bool>>(false);
    const absl::StatusOr<uint64_t> number = poll_->Add(fd, *session, was_armed);
    if (!number.ok()) {
      sessions()->Remove(*session);
      return number.status();
    }
    (*session)->ServeBy([poll = poll_, fd, number = *number, was_armed](Stream::Event wanted) {
      if (!was_armed->load(std::memory_order_relaxed)) {
        was_armed->store(true, std::memory_order_release);
      }
      poll->Arm(fd, number, wanted);
    });
    return absl::OkStatus();
  }

  absl::Status Drain(absl::Time deadline) override {
    if (workers_ == nullptr) return absl::OkStatus();
    // All threads may be stuck, so one more must be there to end the idle sessions.
    if (!drained_.exchange(true)) workers_->GrowByOne();
    absl::Status drained = SessionSetKind::Drain(deadline);
    poll_->End();
    workers_->AwaitEnd(sessions()->Stats().abandoned_calls, absl::Now() + kThreadEndGrace);
    return drained;
  }

  ServerKindStats Stats() const override {
    ServerKindStats stats = SessionSetKind::Stats();
    if (workers_ != nullptr) stats.workers = workers_->Stats();
    return stats;
  }

 private:
  const std::shared_ptr<Poll> poll_ = std::make_shared<Poll>();
  std::shared_ptr<WorkerPool> workers_;
  std::atomic<bool> drained_{false};
};

}  // namespace

std::unique_ptr<ServerKind> MakeThreadPoolKind() { return std::make_unique<ThreadPoolKind>(); }

}  // namespace rpyc
