#include "server/kinds/event_loop.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "rpyc/assert.h"
#include "rpyc/transport/errno_status.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// The loop whose thread this is; null: it is no loop's.
constinit thread_local const EventLoop* loop_of_this_thread = nullptr;

class FunctionTask : public FiberTask {
 public:
  explicit FunctionTask(std::function<void()> function) : function_(std::move(function)) {}
  void Run() override { function_(); }

 private:
  const std::function<void()> function_;
};

}  // namespace

EventLoop::EventLoop(Options options)
    : options_(std::move(options)),
      monitor_(options_.label),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pool_(options_.max_fibers, options_.stack_bytes, this, &monitor_),
      poller_(&pool_) {}

EventLoop::~EventLoop() = default;

absl::Status EventLoop::Start() {
  if (!wake_.valid()) return ErrnoStatus(absl::StatusCode::kResourceExhausted, "eventfd", errno);
  if (absl::Status ready = poller_.Start(wake_.get()); !ready.ok()) return ready;
  RPYC_ASSERT(self_ == nullptr);
  self_ = shared_from_this();
  absl::Status started = StartThread([this] { Run(); });
  if (!started.ok()) self_.reset();
  return started;
}

void EventLoop::Stop() {
  AddToInbox([](Inbox& inbox) { inbox.stop = true; });
}

bool EventLoop::IsOnLoopThread() const { return loop_of_this_thread == this; }

bool EventLoop::IsCurrent() const { return IsOnLoopThread() && Fiber::Current() != nullptr; }

void EventLoop::Post(std::function<void()> function) {
  auto task = std::make_shared<FunctionTask>(std::move(function));
  if (IsOnLoopThread()) return pool_.Add(std::move(task));
  AddToInbox([&](Inbox& inbox) { inbox.tasks.push_back(std::move(task)); });
}

void EventLoop::WakeFromOtherThread(Fiber* fiber) {
  AddToInbox([&](Inbox& inbox) { inbox.woken.push_back(fiber); });
}

void EventLoop::Arm(uint64_t number, Stream::Event wanted) {
  if (IsOnLoopThread()) return poller_.Arm(number, wanted);
  AddToInbox([&](Inbox& inbox) { inbox.arms.emplace_back(number, wanted); });
}

absl::StatusOr<uint64_t> EventLoop::Watch(int fd, std::function<void()> serve) {
  RPYC_ASSERT(IsOnLoopThread());
  return poller_.Watch(fd, std::move(serve));
}

bool EventLoop::AwaitReady(Fiber* fiber, int fd, bool readable, bool writable,
                           absl::Time deadline) {
  RPYC_ASSERT(IsOnLoopThread());
  return poller_.AwaitReady(fiber, fd, readable, writable, deadline);
}

void EventLoop::MarkNotReady(int fd, bool readable) {
  RPYC_ASSERT(IsOnLoopThread());
  poller_.MarkNotReady(fd, readable);
}

template <typename Write>
bool EventLoop::AddToInbox(const Write& write) {
  MutexLock lock(&mutex_);
  if (ended_) return false;
  write(inbox_);
  if (!inbox_filled_.exchange(true)) ::eventfd_write(wake_.get(), 1);
  return true;
}

void EventLoop::EmptyInbox() {
  RPYC_ASSERT(IsOnLoopThread());
  if (!inbox_filled_.load(std::memory_order_relaxed)) return;
  Inbox inbox;
  {
    MutexLock lock(&mutex_);
    std::swap(inbox, inbox_);
    inbox_filled_.store(false);
  }
  for (std::shared_ptr<FiberTask>& task : inbox.tasks) pool_.Add(std::move(task));
  for (Fiber* fiber : inbox.woken) pool_.Wake(fiber);
  for (const auto& [number, wanted] : inbox.arms) poller_.Arm(number, wanted);
  stopping_ |= inbox.stop;
}

void EventLoop::Run() {
  loop_of_this_thread = this;
  for (;;) {
    pool_.RunReady();
    EmptyInbox();
    if (stopping_ && pool_.has_nothing_to_do() && poller_.watches_none()) {
      MutexLock lock(&mutex_);
      ended_ = !inbox_filled_.load();
      RPYC_ASSERT(!ended_ || (inbox_.tasks.empty() && inbox_.woken.empty() && inbox_.arms.empty()));
      if (ended_) break;
    }
    poller_.Poll(pool_.IdleMilliseconds(FiberPool::Now()));
    pool_.WakeExpired(FiberPool::Now());
  }
  pool_.End();
  loop_of_this_thread = nullptr;
  options_.on_ended();
  // This may be the loop's last owner, so nothing may touch the loop after it.
  const std::shared_ptr<FiberLoop> self = std::move(self_);
}

}  // namespace rpyc
