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

// The shared memory of the host and one connection's process: the host's orders, and the process's
// reports. The host takes what the process wrote for mere numbers and text, because the process may
// have written nonsense before it died.
class alignas(64) ProcessSlot {
 public:
  // --- For the host, on any thread. ---

  // Has the process call Session::Drain. A later call with an earlier deadline hastens it.
  void OrderDrain(absl::Time deadline);
  // Has the process call Session::Shutdown.
  void OrderShutdown();
  // Whether the session was in a call at the process's last report.
  bool busy() const { return busy_.load(std::memory_order_relaxed); }
  // How the session has ended. Nullopt: it has not, perhaps because the process ended first.
  std::optional<absl::Status> end() const;
  int64_t pid() const;  // 0: the process has not begun
  // Takes the connection back from a process that has not begun; it will not begin then. Returns
  // false if it has begun.
  bool Withdraw();

  // --- For the process. ---

  struct Orders {
    uint32_t version = 0;  // changes with each order
    bool drain = false;
    bool shutdown = false;
    absl::Time deadline;  // for `drain`
  };
  Orders orders() const;
  // Waits until the orders have another version, for at most `max_wait`.
  void AwaitOrders(uint32_t version, absl::Duration max_wait) const;
  void Report(bool busy) { busy_.store(busy, std::memory_order_relaxed); }
  // Says that the process begins. Call it before the connection is touched. Returns false if the
  // host has withdrawn the connection.
  bool Begin(int64_t pid);
  // Tells how the session has ended. Call it once. A long message is cut.
  void ReportEnd(const absl::Status& end);

  // The connection's counters, which the process writes and the host reads.
  ConnectionCounters& counters() { return counters_; }
  // How much of the server's ByteBudget the connection holds. The host gives it back when the
  // process has ended.
  std::atomic<int64_t>& held_bytes() { return held_bytes_; }

 private:
  static constexpr uint32_t kDrain = 1;
  static constexpr uint32_t kShutdown = 2;
  static constexpr uint32_t kVersion = 4;
  static constexpr size_t kMaxEndBytes = 360;
  static constexpr int64_t kWithdrawn = -1;

  void Order(uint32_t order);

  // The orders as bits and, above them, how often there was one. A futex.
  std::atomic<uint32_t> orders_{0};
  std::atomic<int64_t> deadline_unix_nanos_{INT64_MAX};
  std::atomic<int64_t> pid_{0};  // or kWithdrawn
  std::atomic<bool> busy_{false};
  std::atomic<bool> ended_{false};  // true: end_code_, end_bytes_ and end_ have been written
  int32_t end_code_ = 0;
  uint32_t end_bytes_ = 0;
  std::array<char, kMaxEndBytes> end_ = {};
  ConnectionCounters counters_;
  std::atomic<int64_t> held_bytes_{0};
};

// The slots of one server's processes, in a memory file that the processes inherit. Move-only.
// Threads: any.
class ProcessSlots {
 public:
  // Makes `count` slots.
  // Errors:  kResourceExhausted.
  static absl::StatusOr<ProcessSlots> Make(size_t count);
  // Maps the slots that another process has made.
  // Errors:  kUnavailable - `fd` is no file of slots; kResourceExhausted.
  static absl::StatusOr<ProcessSlots> Of(Fd fd);
  ProcessSlots(ProcessSlots&& other) noexcept;
  ~ProcessSlots();

  int fd() const { return fd_.get(); }
  size_t size() const { return count_; }
  // Null if there is no such slot.
  ProcessSlot* slot(size_t index) const;
  // How much of the server's ByteBudget all connections hold together.
  std::atomic<int64_t>& total_bytes() const;
  // Gives back what the process of slot `index` held of the ByteBudget. The process has ended.
  void FreeHeldBytes(size_t index) const;

 private:
  ProcessSlots(Fd fd, void* memory, size_t count);
  static absl::StatusOr<ProcessSlots> Map(Fd fd, size_t count);

  Fd fd_;
  void* memory_;
  size_t count_;
};

// Knows which slots of a ProcessSlots are free.
// Threads: any.
class FreeSlots {
 public:
  explicit FreeSlots(size_t count) : count_(count) {}
  // Takes a free slot and clears it.
  // Errors:  kResourceExhausted - none is free.
  absl::StatusOr<size_t> Take(const ProcessSlots& slots);
  void Return(size_t index);

 private:
  const size_t count_;
  Mutex mutex_;
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;  // slots below it have been taken at least once
  std::vector<size_t> returned_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rpyc

#endif  // RPYC_SERVER_PROCESS_SLOTS_H_
