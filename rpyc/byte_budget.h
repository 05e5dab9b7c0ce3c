#ifndef RPYC_BYTE_BUDGET_H_
#define RPYC_BYTE_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// The status of what failed for lack of memory, be it the machine's or that of a budget; the peer
// sees MemoryError. It is kResourceExhausted, as a broken limit is: IsOutOfMemory tells it apart.
absl::Status OutOfMemory(absl::string_view why);
bool IsOutOfMemory(const absl::Status& status);

// Runs `code`, which allocates by what a peer has sent. Besides the door around user code
// (bind/invoke.h) this is the one place that catches: a peer must not end the host by
// std::bad_alloc. Returns what `code` returns, or OutOfMemory.
template <typename Code>
auto OrOutOfMemory(Code&& code) -> decltype(code()) {
  try {
    return code();
  } catch (const std::bad_alloc&) {
    return OutOfMemory("out of memory");
  }
}

// How many bytes several connections may hold together, and how many they do. It may be part of a
// larger budget: what is taken of a server's is also taken of the host's.
// What a connection holds up to kFreeBytes is not counted, so that small messages cost nothing
// here.
// Threads: any, but for UseCounter.
class ByteBudget {
 public:
  static constexpr size_t kFreeBytes = 64 << 10;
  // What is counted is rounded up to a multiple of this.
  static constexpr size_t kStepBytes = 64 << 10;

  // Errors call the bound `name`. `parent` outlives it.
  ByteBudget(std::string name, size_t max_bytes, ByteBudget* parent = nullptr)
      : name_(std::move(name)), max_bytes_(max_bytes), parent_(parent) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Counts in `used`, which outlives it: other processes may count there too. Before use.
  void UseCounter(std::atomic<int64_t>* used) { used_ = used; }

  // Errors:  OutOfMemory - so many bytes are not left, here or in a parent; nothing is taken then.
  absl::Status Take(size_t bytes);
  void GiveBack(size_t bytes);
  // Notes that so much has been freed that was never taken here: returned_bytes() counts it too.
  void NoteFreed(size_t bytes);

  ByteBudget* parent() const { return parent_; }
  size_t max_bytes() const { return max_bytes_; }
  int64_t used_bytes() const { return used_->load(std::memory_order_relaxed); }
  // So far: how often there was not enough left, and how many bytes have been given back.
  int64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }
  int64_t returned_bytes() const { return returned_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class ByteCharge;

  const std::string name_;
  const size_t max_bytes_;
  ByteBudget* const parent_;
  std::atomic<int64_t> own_used_{0};
  std::atomic<int64_t>* used_ = &own_used_;
  std::atomic<int64_t> refusals_{0};
  std::atomic<int64_t> returned_bytes_{0};
};

// What one holder has taken of a budget; it is given back when this is destroyed. Without a budget
// this allows everything.
// Threads: one at a time.
class ByteCharge {
 public:
  ByteCharge() = default;
  explicit ByteCharge(ByteBudget* budget) : budget_(budget) {}
  ByteCharge(ByteCharge&& other) noexcept
      : budget_(other.budget_), taken_(std::exchange(other.taken_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept {
    ShrinkTo(0);
    budget_ = other.budget_;
    taken_ = std::exchange(other.taken_, 0);
    return *this;
  }
  ~ByteCharge() { ShrinkTo(0); }

  // Says that the holder has, or is about to have, so many bytes.
  // Errors:  OutOfMemory - as ByteBudget::Take's; what was taken before stays.
  absl::Status Resize(size_t bytes) {
    if (bytes <= ByteBudget::kFreeBytes && taken_ == 0) return absl::OkStatus();
    return Change(bytes);
  }
  // Says that the holder has at most so many bytes. Never fails.
  void ShrinkTo(size_t bytes) {
    if (bytes < taken_) Shrink(bytes);
  }
  // Counts in `budget` from now on, which is a parent of the present one.
  void MoveTo(ByteBudget* budget);

  ByteBudget* budget() const { return budget_; }

 private:
  // What Resize and ShrinkTo do where something is or will be counted.
  absl::Status Change(size_t bytes);
  void Shrink(size_t bytes);

  ByteBudget* budget_ = nullptr;
  size_t taken_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_BYTE_BUDGET_H_
