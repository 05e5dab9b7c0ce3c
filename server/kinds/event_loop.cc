#include "server/kinds/event_loop.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "rpyc/transport/errno_status.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// Whose thread this is.
constinit thread_local const EventLoop* loop_of_thread = nullptr;

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
  self_ = shared_from_this();
  absl::Status started = StartThread([this] { Run(); });
  if (!started.ok()) self_.reset();
  return started;
}

void EventLoop::Stop() {
  Send([](Mail& mail) { mail.stop = true; });
}

bool EventLoop::IsOnThread() const { return loop_of_thread == this; }

bool EventLoop::IsCurrent() const { return IsOnThread() && Fiber::Current() != nullptr; }

void EventLoop::Post(std::function<void()> function) {
  auto task = std::make_shared<FunctionTask>(std::move(function));
  if (IsOnThread()) return pool_.Add(std::move(task));
  Send([&](Mail& mail) { mail.tasks.push_back(std::move(task)); });
}

void EventLoop::WakeFromAfar(Fiber* fiber) {
  Send([&](Mail& mail) { mail.awake.push_back(fiber); });
}

void EventLoop::Arm(uint64_t number, Stream::Event wanted) {
  if (IsOnThread()) return poller_.Arm(number, wanted);
  Send([&](Mail& mail) { mail.arms.emplace_back(number, wanted); });
}

absl::StatusOr<uint64_t> EventLoop::Watch(int fd, std::function<void()> serve) {
  return poller_.Watch(fd, std::move(serve));
}

bool EventLoop::AwaitReady(Fiber* fiber, int fd, bool readable, bool writable,
                           absl::Time deadline) {
  return poller_.AwaitReady(fiber, fd, readable, writable, deadline);
}

void EventLoop::Exhausted(int fd, bool readable) { poller_.Exhausted(fd, readable); }

// False: it has ended, and the mail goes nowhere.
template <typename Write>
bool EventLoop::Send(const Write& write) {
  MutexLock lock(&mutex_);
  if (ended_) return false;
  write(mail_);
  if (!has_mail_.exchange(true)) ::eventfd_write(wake_.get(), 1);
  return true;
}

void EventLoop::TakeMail() {
  if (!has_mail_.load(std::memory_order_relaxed)) return;
  Mail mail;
  {
    MutexLock lock(&mutex_);
    std::swap(mail, mail_);
    has_mail_.store(false);
  }
  for (std::shared_ptr<FiberTask>& task : mail.tasks) pool_.Add(std::move(task));
  for (Fiber* fiber : mail.awake) pool_.Wake(fiber);
  for (const auto& [number, wanted] : mail.arms) poller_.Arm(number, wanted);
  stopping_ |= mail.stop;
}

void EventLoop::Run() {
  loop_of_thread = this;
  for (;;) {
    pool_.RunReady();
    TakeMail();
    if (stopping_ && pool_.has_nothing_to_do() && poller_.watches_none()) {
      MutexLock lock(&mutex_);
      ended_ = !has_mail_.load();
      if (ended_) break;
    }
    poller_.Poll(pool_.IdleMilliseconds(FiberPool::Now()));
    pool_.WakeExpired(FiberPool::Now());
  }
  pool_.End();
  loop_of_thread = nullptr;
  options_.ended();
  // Perhaps the last owner of all this.
  const std::shared_ptr<FiberLoop> self = std::move(self_);
}

}  // namespace rpyc
