#include "server/process_slots.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/utf8.h"
#include "server/memory_file.h"

namespace rpyc {
namespace {

// The atomics are shared between processes, so they must not hide a lock: a process that died with
// it would block the others.
static_assert(std::atomic<int64_t>::is_always_lock_free);
static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);
static_assert(std::is_trivially_destructible_v<ProcessSlot>);

// Calls futex(2) without FUTEX_PRIVATE_FLAG: the word is shared between processes.
int64_t Futex(const std::atomic<uint32_t>* word, int operation, uint32_t value,
              const timespec* timeout) {
  return ::syscall(SYS_futex, reinterpret_cast<const uint32_t*>(word), operation, value, timeout,
                   nullptr, 0);
}

// Returns the size of the file: the slots, and behind them the room of one more for total_bytes.
size_t FileBytes(size_t count) { return (count + 1) * sizeof(ProcessSlot); }

}  // namespace

void ProcessSlot::Order(uint32_t order) {
  uint32_t before = orders_.load();
  while (!orders_.compare_exchange_weak(before, (before | order) + kVersion)) {
  }
  Futex(&orders_, FUTEX_WAKE, INT_MAX, nullptr);
}

void ProcessSlot::OrderDrain(absl::Time deadline) {
  deadline_unix_nanos_.store(absl::ToUnixNanos(deadline));
  Order(kDrain);
}

void ProcessSlot::OrderShutdown() { Order(kShutdown); }

int64_t ProcessSlot::pid() const { return std::max<int64_t>(pid_.load(), 0); }

bool ProcessSlot::Withdraw() {
  int64_t none = 0;
  return pid_.compare_exchange_strong(none, kWithdrawn);
}

bool ProcessSlot::Begin(int64_t pid) {
  int64_t none = 0;
  return pid_.compare_exchange_strong(none, pid);
}

ProcessSlot::Orders ProcessSlot::orders() const {
  const uint32_t orders = orders_.load();
  const int64_t deadline = deadline_unix_nanos_.load();
  return {
      .version = orders,
      .drain = (orders & kDrain) != 0,
      .shutdown = (orders & kShutdown) != 0,
      .deadline = deadline == INT64_MAX ? absl::InfiniteFuture() : absl::FromUnixNanos(deadline)};
}

void ProcessSlot::AwaitOrders(uint32_t version, absl::Duration max_wait) const {
  const timespec timeout = absl::ToTimespec(max_wait);
  Futex(&orders_, FUTEX_WAIT, version, &timeout);
}

void ProcessSlot::ReportEnd(const absl::Status& end) {
  absl::string_view text = end.message();
  if (text.size() > kMaxEndBytes) {  // cuts it between two characters
    text = text.substr(0, ValidUtf8Prefix(text.substr(0, kMaxEndBytes)));
  }
  end_code_ = static_cast<int32_t>(end.code());
  end_bytes_ = static_cast<uint32_t>(text.size());
  std::copy(text.begin(), text.end(), end_.begin());
  ended_.store(true);
}

std::optional<absl::Status> ProcessSlot::end() const {
  if (!ended_.load()) return std::nullopt;
  return absl::Status(static_cast<absl::StatusCode>(end_code_),
                      absl::string_view(end_.data(), std::min<size_t>(end_bytes_, kMaxEndBytes)));
}

ProcessSlots::ProcessSlots(Fd fd, void* memory, size_t count)
    : fd_(std::move(fd)), memory_(memory), count_(count) {}

ProcessSlots::ProcessSlots(ProcessSlots&& other) noexcept
    : fd_(std::move(other.fd_)),
      memory_(std::exchange(other.memory_, nullptr)),
      count_(std::exchange(other.count_, 0)) {}

ProcessSlots::~ProcessSlots() {
  if (memory_ != nullptr) ::munmap(memory_, FileBytes(count_));
}

absl::StatusOr<ProcessSlots> ProcessSlots::Map(Fd fd, size_t count) {
  void* const memory =
      ::mmap(nullptr, FileBytes(count), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "map the processes' slots", errno);
  }
  return ProcessSlots(std::move(fd), memory, count);
}

absl::StatusOr<ProcessSlots> ProcessSlots::Make(size_t count) {
  absl::StatusOr<Fd> fd = EmptyMemoryFile(FileBytes(count));
  if (!fd.ok()) return fd.status();
  return Map(*std::move(fd), count);
}

absl::StatusOr<ProcessSlots> ProcessSlots::Of(Fd fd) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0 ||
      status.st_size <= static_cast<off_t>(sizeof(ProcessSlot)) ||
      status.st_size % static_cast<off_t>(sizeof(ProcessSlot)) != 0) {
    return absl::UnavailableError("a descriptor is not that of the processes' slots");
  }
  return Map(std::move(fd), static_cast<size_t>(status.st_size) / sizeof(ProcessSlot) - 1);
}

ProcessSlot* ProcessSlots::slot(size_t index) const {
  return index < count_ ? static_cast<ProcessSlot*>(memory_) + index : nullptr;
}

std::atomic<int64_t>& ProcessSlots::total_bytes() const {
  // A memory file begins as zeros, and an atomic of 0 is zeros.
  return *reinterpret_cast<std::atomic<int64_t>*>(static_cast<ProcessSlot*>(memory_) + count_);
}

void ProcessSlots::FreeHeldBytes(size_t index) const {
  RPYC_ASSERT(index < count_);
  total_bytes().fetch_sub(slot(index)->held_bytes().exchange(0));
}

absl::StatusOr<size_t> FreeSlots::Take(const ProcessSlots& slots) {
  size_t index;
  {
    MutexLock lock(&mutex_);
    if (!returned_.empty()) {
      index = returned_.back();
      returned_.pop_back();
    } else if (used_ < count_) {
      index = used_++;
    } else {
      return absl::ResourceExhaustedError(
          absl::StrCat("a server has no more than ", count_, " processes"));
    }
  }
  new (slots.slot(index)) ProcessSlot();
  return index;
}

void FreeSlots::Return(size_t index) {
  MutexLock lock(&mutex_);
  RPYC_ASSERT(index < used_ && returned_.size() < used_);
  returned_.push_back(index);
}

}  // namespace rpyc
