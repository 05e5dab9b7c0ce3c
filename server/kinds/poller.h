#ifndef RPYC_SERVER_KINDS_POLLER_H_
#define RPYC_SERVER_KINDS_POLLER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/fiber.h"
#include "rpyc/stream.h"
#include "rpyc/transport/fd.h"
#include "server/kinds/fiber_pool.h"

namespace rpyc {

// A loop's descriptors: which are ready, and who is to be told. A descriptor is made known to epoll
// once, edge-triggered, so that no call costs a system call for it; whether it is ready is
// remembered here, until somebody has tried and found nothing (Fiber::MarkNotReady).
// Borrows the pool. Threads: the loop's.
class Poller {
 public:
  explicit Poller(FiberPool* pool) : pool_(pool) {}

  // Also makes `wake_fd` known, for WakeUp's end of an eventfd: it only ends a Poll.
  absl::Status Start(int wake_fd);

  // Runs `serve` on a fiber each time what was asked for by Arm is ready; it is asked for once.
  // Answers a number for it, never used again. Until Unwatch, before the descriptor is closed.
  // Errors:  kResourceExhausted.
  absl::StatusOr<uint64_t> Watch(int fd, std::function<void()> serve);
  // Nothing to a number that is not watched any more.
  void Arm(uint64_t number, Stream::Event wanted);
  void Unwatch(uint64_t number);
  bool watches_none() const { return watched_ == 0; }

  // As Fiber's. Any descriptor may be waited for, watched or not.
  bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable, absl::Time deadline);
  void Exhausted(int fd, bool readable);

  // Waits for at most so long and tells whom it concerns. Units:  milliseconds; -1 for ever.
  void Poll(int timeout);

 private:
  struct Descriptor;

  std::shared_ptr<Descriptor> Find(int fd) const;
  std::shared_ptr<Descriptor> FindNumber(uint64_t number) const;
  absl::StatusOr<std::shared_ptr<Descriptor>> Register(int fd);
  void Unregister(Descriptor* descriptor);
  void ServeIfReady(const std::shared_ptr<Descriptor>& descriptor);

  FiberPool* const pool_;
  Fd epoll_;
  std::vector<std::shared_ptr<Descriptor>> by_fd_;
  uint64_t last_generation_ = 0;
  int watched_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_POLLER_H_
