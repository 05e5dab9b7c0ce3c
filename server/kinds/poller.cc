#include "server/kinds/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

constexpr int kMaxEvents = 256;  // a Poll takes so many at once
constexpr int kFdBits = 24;      // of a number; the kernel allows fewer descriptors
constexpr uint64_t kWakeUp = 0;  // not a number of a descriptor: generations begin at 1
// A descriptor that epoll does not take is tried again after this time.
constexpr absl::Duration kRetryInterval = absl::Milliseconds(10);

int FdOf(uint64_t number) { return static_cast<int>(number & ((1 << kFdBits) - 1)); }

}  // namespace

struct Poller::Descriptor : FiberTask {
  struct Waiter {
    Fiber* fiber;
    bool readable, writable;
  };

  // May say that the descriptor is ready when it is not any more, never the reverse.
  bool IsReady(bool for_reading, bool for_writing) const {
    return (for_reading && (readable || hung_up)) || (for_writing && (writable || broken));
  }
  bool IsReadyFor(Stream::Event event) const {
    return IsReady(event != Stream::Event::kWritable, event != Stream::Event::kReadable);
  }
  void Run() override {
    RPYC_ASSERT(queued && serve != nullptr);
    queued = false;
    serve();
  }

  int fd;
  uint64_t number;
  std::function<void()> serve;  // null: fibers wait for it, and it is not watched
  bool readable = false;
  bool writable = false;
  bool hung_up = false;  // the peer has ended its direction; stays so
  bool broken = false;   // stays so
  bool armed = false;
  Stream::Event wanted = Stream::Event::kReadable;
  bool queued = false;  // the pool has it as a task
  std::vector<Waiter*> waiters;
};

absl::Status Poller::Start(int wake_fd) {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = kWakeUp}};
  if (epoll_.valid() && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd, &event) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus(absl::StatusCode::kResourceExhausted, "epoll", errno);
}

std::shared_ptr<Poller::Descriptor> Poller::Find(int fd) const {
  return static_cast<size_t>(fd) < by_fd_.size() ? by_fd_[fd] : nullptr;
}

std::shared_ptr<Poller::Descriptor> Poller::FindNumber(uint64_t number) const {
  std::shared_ptr<Descriptor> found = Find(FdOf(number));
  return found != nullptr && found->number == number ? found : nullptr;
}

absl::StatusOr<std::shared_ptr<Poller::Descriptor>> Poller::Register(int fd) {
  auto descriptor = std::make_shared<Descriptor>();
  descriptor->fd = fd;
  descriptor->number = ++last_generation_ << kFdBits | static_cast<uint64_t>(fd);
  epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                       .data = {.u64 = descriptor->number}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "epoll", errno);
  }
  if (by_fd_.size() <= static_cast<size_t>(fd)) by_fd_.resize(fd + 1);
  by_fd_[fd] = descriptor;
  return descriptor;
}

void Poller::Unregister(Descriptor* descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor->fd, nullptr);
  RPYC_ASSERT(by_fd_[descriptor->fd].get() == descriptor);
  by_fd_[descriptor->fd].reset();  // perhaps its last owner
}

absl::StatusOr<uint64_t> Poller::Watch(int fd, std::function<void()> serve) {
  const absl::StatusOr<std::shared_ptr<Descriptor>> descriptor = Register(fd);
  if (!descriptor.ok()) return descriptor.status();
  (*descriptor)->serve = std::move(serve);
  (*descriptor)->writable = true;  // a new connection is
  ++watched_;
  return (*descriptor)->number;
}

void Poller::Arm(uint64_t number, Stream::Event wanted) {
  const std::shared_ptr<Descriptor> descriptor = FindNumber(number);
  if (descriptor == nullptr) return;
  descriptor->armed = true;
  descriptor->wanted = wanted;
  ServeIfReady(descriptor);
}

void Poller::ServeIfReady(const std::shared_ptr<Descriptor>& descriptor) {
  if (!descriptor->armed || !descriptor->IsReadyFor(descriptor->wanted)) return;
  descriptor->armed = false;
  if (std::exchange(descriptor->queued, true)) return;
  pool_->Add(descriptor);
}

void Poller::Unwatch(uint64_t number) {
  const std::shared_ptr<Descriptor> descriptor = FindNumber(number);
  if (descriptor == nullptr) return;
  RPYC_ASSERT(descriptor->serve != nullptr && watched_ > 0);
  --watched_;
  descriptor->armed = false;
  Unregister(descriptor.get());
}

bool Poller::AwaitReady(Fiber* fiber, int fd, bool readable, bool writable, absl::Time deadline) {
  std::shared_ptr<Descriptor> descriptor = Find(fd);
  if (descriptor == nullptr) {
    absl::StatusOr<std::shared_ptr<Descriptor>> registered = Register(fd);
    if (!registered.ok()) {
      // The read or write that follows finds out.
      fiber->Park(std::min(deadline, absl::Now() + kRetryInterval));
      return true;
    }
    descriptor = *std::move(registered);
  }
  Descriptor::Waiter self = {fiber, readable, writable};
  descriptor->waiters.push_back(&self);
  // This happens also when memory runs out while the fiber parks.
  const absl::Cleanup forget = [&] {
    const auto place = absl::c_find(descriptor->waiters, &self);
    RPYC_ASSERT(place != descriptor->waiters.end());
    descriptor->waiters.erase(place);
    if (descriptor->serve == nullptr && descriptor->waiters.empty()) Unregister(descriptor.get());
  };
  bool ready;
  while (!(ready = descriptor->IsReady(readable, writable)) &&
         (deadline == absl::InfiniteFuture() || absl::Now() < deadline)) {
    fiber->Park(deadline);
  }
  return ready;
}

void Poller::MarkNotReady(int fd, bool readable) {
  if (static_cast<size_t>(fd) >= by_fd_.size() || by_fd_[fd] == nullptr) return;
  (readable ? by_fd_[fd]->readable : by_fd_[fd]->writable) = false;
}

void Poller::Poll(int timeout) {
  std::array<epoll_event, kMaxEvents> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, timeout);
  for (int i = 0; i < count; ++i) {
    // Its descriptor may have been closed meanwhile, and its number may be another's.
    const std::shared_ptr<Descriptor> descriptor = FindNumber(events[i].data.u64);
    if (descriptor == nullptr) continue;
    const uint32_t happened = events[i].events;
    descriptor->broken |= (happened & (EPOLLHUP | EPOLLERR)) != 0;
    descriptor->hung_up |= (happened & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
    descriptor->readable |= (happened & EPOLLIN) != 0;
    descriptor->writable |= (happened & EPOLLOUT) != 0;
    ServeIfReady(descriptor);
    for (const Descriptor::Waiter* waiter : descriptor->waiters) {
      if (descriptor->IsReady(waiter->readable, waiter->writable)) pool_->Wake(waiter->fiber);
    }
  }
}

}  // namespace rpyc
