#include "server/heap_trimmer.h"

#include <malloc.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/log.h"

namespace rpyc {
namespace {

// It trims after so many ticks without a large message.
constexpr int kQuietTicks = 10;
// A lack of room is logged at most once in this time.
constexpr absl::Duration kRefusalLogInterval = absl::Seconds(5);

}  // namespace

HeapTrimmer::HeapTrimmer(std::shared_ptr<const ByteBudget> budget)
    : budget_(std::move(budget)), refusal_log_(kRefusalLogInterval) {}

void HeapTrimmer::Tick() {
  if (budget_ == nullptr) return;
  const int64_t refusals = budget_->refusals();
  if (refusals != refusals_ && refusal_log_.Pass(absl::Now()).has_value()) {
    LogWarning("max_total_bytes had no room for ", refusals - refusals_,
               " messages of connections; of ", budget_->max_bytes(), " bytes ",
               budget_->used_bytes(), " are in use");
    refusals_ = refusals;
  }
  const int64_t returned = budget_->returned_bytes();
  quiet_ticks_ = returned == returned_bytes_ ? quiet_ticks_ + 1 : 0;
  returned_bytes_ = returned;
  if (returned == trimmed_bytes_ || quiet_ticks_ < kQuietTicks) return;
  trimmed_bytes_ = returned;
  ::malloc_trim(0);
}

}  // namespace rpyc
