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

// A loop's descriptors: which of them are ready, and which fibers wait for them. A descriptor is
// registered with epoll once, edge-triggered, so that a call makes no system call for it. The
// poller remembers that a descriptor is ready until a reader or writer finds nothing
// (Fiber::MarkNotReady).
// Owns: nothing; borrows the pool.      Threads: the loop's.
class Poller {
 public:
  explicit Poller(FiberPool* pool) : pool_(pool) {}

  // Makes the epoll, and registers `wake_fd` with it, an eventfd whose only effect is to end a
  // Poll.
  // Errors:  kResourceExhausted.
  absl::Status Start(int wake_fd);

  // Runs `serve` on a fiber once after each Arm, when what Arm asked for is ready. Call Unwatch
  // before the descriptor is closed. Returns a number for the descriptor, which is never used
  // again.
  // Errors:  kResourceExhausted.
  absl::StatusOr<uint64_t> Watch(int fd, std::function<void()> serve);
  // Both do nothing if the number is not watched any more.
  void Arm(uint64_t number, Stream::Event wanted);
  void Unwatch(uint64_t number);
  bool watches_none() const { return watched_ == 0; }

  // These do what Fiber::AwaitReady and Fiber::MarkNotReady say. A fiber may wait for any
  // descriptor, watched or not.
  bool AwaitReady(Fiber* fiber, int fd, bool readable, bool writable, absl::Time deadline);
  void MarkNotReady(int fd, bool readable);

  // Waits for events, and wakes the fibers and queues the tasks that they concern.
  // Units:   milliseconds; -1 means for ever.
  void Poll(int timeout);

 private:
  struct Descriptor;

  // Both return null if there is none.
  std::shared_ptr<Descriptor> Find(int fd) const;
  std::shared_ptr<Descriptor> FindNumber(uint64_t number) const;
  absl::StatusOr<std::shared_ptr<Descriptor>> Register(int fd);
  void Unregister(Descriptor* descriptor);
  // Queues the descriptor's task if it is armed and what it waits for is ready.
  void ServeIfReady(const std::shared_ptr<Descriptor>& descriptor);

  FiberPool* const pool_;
  Fd epoll_;
  std::vector<std::shared_ptr<Descriptor>> by_fd_;
  uint64_t last_generation_ = 0;
  int watched_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_POLLER_H_
