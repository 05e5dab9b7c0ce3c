#ifndef RPYC_SERVER_PROCESS_SLOTS_H_
#define RPYC_SERVER_PROCESS_SLOTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// What the host and the process of one connection have in common, in shared memory: the host's
// orders, and what the process has to tell. What the process wrote is believed by the host as far
// as numbers and text go: it may have gone wrong before it died.
class alignas(64) ProcessSlot {
 public:
  // --- The host. Threads: any. ---

  // Has the process drain its session, as Session::Drain; a later one may hasten it.
  void OrderDrain(absl::Time deadline);
  // Has it shut its session.
  void OrderShutdown();
  // Whether its session was in a call when it last looked.
  bool busy() const { return busy_.load(std::memory_order_relaxed); }
  // How its session has ended; nullopt: the process ended before its session did.
  std::optional<absl::Status> end() const;
  int64_t pid() const;  // 0: it is not there yet
  // Takes the connection back from a process that has not begun, and never will then. False: it has
  // begun.
  bool Withdraw();

  // --- The process. ---

  struct Orders {
    uint32_t version = 0;  // rising
    bool drain = false;
    bool shutdown = false;
    absl::Time deadline;  // of `drain`
  };
  Orders orders() const;
  // Waits for orders of another version, for at most `max_wait`.
  void AwaitOrders(uint32_t version, absl::Duration max_wait) const;
  void Report(bool busy) { busy_.store(busy, std::memory_order_relaxed); }
  // Before it touches the connection. False: that has been withdrawn.
  bool Begin(int64_t pid);
  // Once, when its session has ended. A long message is cut.
  void ReportEnd(const absl::Status& end);

  // Of its connection: written there, read here.
  ConnectionCounters& counters() { return counters_; }
  // What its connection holds, of the server's ByteBudget; the host gives back what it died with.
  std::atomic<int64_t>& held_bytes() { return held_bytes_; }

 private:
  static constexpr uint32_t kDrain = 1;
  static constexpr uint32_t kShutdown = 2;
  static constexpr uint32_t kVersion = 4;
  static constexpr size_t kMaxEndBytes = 360;
  static constexpr int64_t kWithdrawn = -1;

  void Order(uint32_t order);

  std::atomic<uint32_t> orders_{0};  // orders, and how often there were any; a futex
  std::atomic<int64_t> deadline_unix_nanos_{INT64_MAX};
  std::atomic<int64_t> pid_{0};  // or kWithdrawn
  std::atomic<bool> busy_{false};
  std::atomic<bool> ended_{false};  // what follows is written
  int32_t end_code_ = 0;
  uint32_t end_bytes_ = 0;
  std::array<char, kMaxEndBytes> end_ = {};
  ConnectionCounters counters_;
  std::atomic<int64_t> held_bytes_{0};
};

// The slots of one server's processes: a file in memory, which the processes inherit.
// Threads: any.
class ProcessSlots {
 public:
  // Errors:  kResourceExhausted.
  static absl::StatusOr<ProcessSlots> Make(size_t count);
  // Those of another process, from its descriptor. Errors:  kUnavailable - it is none.
  static absl::StatusOr<ProcessSlots> Of(Fd fd);
  ProcessSlots(ProcessSlots&& other) noexcept;
  ~ProcessSlots();

  int fd() const { return fd_.get(); }
  size_t size() const { return count_; }
  // Null if there is no such slot.
  ProcessSlot* slot(size_t index) const;
  // What all connections hold together.
  std::atomic<int64_t>& total_bytes() const;
  // The process of that slot has ended: what it held is free again.
  void FreeHeldBytes(size_t index) const;

 private:
  ProcessSlots(Fd fd, void* memory, size_t count);
  static absl::StatusOr<ProcessSlots> Map(Fd fd, size_t count);

  Fd fd_;
  void* memory_;
  size_t count_;
};

// Which slots of a ProcessSlots are free. Threads: any.
class FreeSlots {
 public:
  explicit FreeSlots(size_t count) : count_(count) {}
  // One, with nothing written in it. Errors:  kResourceExhausted - none is free.
  absl::StatusOr<size_t> Take(const ProcessSlots& slots);
  void Return(size_t index);

 private:
  const size_t count_;
  Mutex mutex_;
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;  // below it all have been taken once
  std::vector<size_t> returned_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_SERVER_PROCESS_SLOTS_H_
