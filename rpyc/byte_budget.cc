#include "rpyc/byte_budget.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

constexpr absl::string_view kOutOfMemoryUrl = "rpychost/out_of_memory";

size_t Rounded(size_t bytes) {
  if (bytes <= ByteBudget::kFreeBytes) return 0;
  return (bytes + ByteBudget::kStepBytes - 1) / ByteBudget::kStepBytes * ByteBudget::kStepBytes;
}

}  // namespace

absl::Status OutOfMemory(absl::string_view why) {
  absl::Status status = absl::ResourceExhaustedError(why);
  status.SetPayload(kOutOfMemoryUrl, absl::Cord());
  return status;
}

bool IsOutOfMemory(const absl::Status& status) {
  return status.GetPayload(kOutOfMemoryUrl).has_value();
}

absl::Status ByteBudget::Take(size_t bytes) {
  const int64_t count = static_cast<int64_t>(bytes);
  const int64_t before = used_->fetch_add(count, std::memory_order_relaxed);
  if (before + count > static_cast<int64_t>(max_bytes_)) {
    used_->fetch_sub(count, std::memory_order_relaxed);
    refusals_.fetch_add(1, std::memory_order_relaxed);
    return OutOfMemory(absl::StrCat(bytes, " bytes more would exceed ", name_, ", ", max_bytes_,
                                    ", of which ", before, " are in use"));
  }
  if (parent_ == nullptr) return absl::OkStatus();
  absl::Status taken = parent_->Take(bytes);
  if (!taken.ok()) used_->fetch_sub(count, std::memory_order_relaxed);
  return taken;
}

void ByteBudget::GiveBack(size_t bytes) {
  for (ByteBudget* each = this; each != nullptr; each = each->parent_) {
    const int64_t before =
        each->used_->fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
    // A counter that is shared is the other processes' too, one of which may have died.
    RPYC_ASSERT(before >= static_cast<int64_t>(bytes) || each->used_ != &each->own_used_);
    each->returned_bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
}

void ByteBudget::NoteFreed(size_t bytes) {
  for (ByteBudget* each = this; each != nullptr; each = each->parent_) {
    each->returned_bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
}

absl::Status ByteCharge::Change(size_t bytes) {
  if (budget_ == nullptr) return absl::OkStatus();
  const size_t wanted = Rounded(bytes);
  if (wanted <= taken_) {
    Shrink(bytes);
    return absl::OkStatus();
  }
  absl::Status taken = budget_->Take(wanted - taken_);
  if (taken.ok()) taken_ = wanted;
  return taken;
}

void ByteCharge::Shrink(size_t bytes) {
  const size_t wanted = Rounded(bytes);
  if (wanted >= taken_) return;
  RPYC_ASSERT(budget_ != nullptr);
  budget_->GiveBack(taken_ - wanted);
  taken_ = wanted;
}

void ByteCharge::MoveTo(ByteBudget* budget) {
  for (; taken_ > 0 && budget_ != budget && budget_ != nullptr; budget_ = budget_->parent_) {
    budget_->used_->fetch_sub(static_cast<int64_t>(taken_), std::memory_order_relaxed);
  }
  RPYC_ASSERT(taken_ == 0 || budget_ == budget);
  budget_ = budget;
  if (budget_ == nullptr) taken_ = 0;
}

}  // namespace rpyc
