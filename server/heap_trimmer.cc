#include "server/heap_trimmer.h"

#include <malloc.h>

#include "server/log.h"

namespace rpyc {
namespace {

// After so many ticks without a large message.
constexpr int kQuietTicks = 10;
// At most one complaint in so many ticks.
constexpr int kComplaintTicks = 50;

}  // namespace

void HeapTrimmer::Tick() {
  if (budget_ == nullptr) return;
  const int64_t refusals = budget_->refusals();
  if (ticks_to_next_log_ > 0) --ticks_to_next_log_;
  if (refusals != refusals_ && ticks_to_next_log_ == 0) {
    LogWarning("max_total_bytes had no room for ", refusals - refusals_,
               " messages of connections; of ", budget_->max_bytes(), " bytes ",
               budget_->used_bytes(), " are in use");
    refusals_ = refusals;
    ticks_to_next_log_ = kComplaintTicks;
  }
  const int64_t returned = budget_->returned_bytes();
  quiet_ticks_ = returned == returned_bytes_ ? quiet_ticks_ + 1 : 0;
  returned_bytes_ = returned;
  if (returned == trimmed_bytes_ || quiet_ticks_ < kQuietTicks) return;
  trimmed_bytes_ = returned;
  ::malloc_trim(0);
}

}  // namespace rpyc
