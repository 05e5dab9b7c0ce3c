#ifndef RPYC_SERVER_HEAP_TRIMMER_H_
#define RPYC_SERVER_HEAP_TRIMMER_H_

#include <cstdint>
#include <memory>

#include "rpyc/byte_budget.h"
#include "rpyc/throttle.h"

namespace rpyc {

// Gives what large messages and many objects have left in malloc's arenas back to the machine, once
// no more of them come; and logs when a budget had no room. Threads: one, which calls Tick ten
// times a second.
class HeapTrimmer {
 public:
  // `budget` is the host's; null: nothing is done.
  explicit HeapTrimmer(std::shared_ptr<const ByteBudget> budget);

  // May take some milliseconds, when it trims.
  void Tick();
  // Whether a tick is wanted although there are no connections.
  bool pending() const { return budget_ != nullptr && budget_->returned_bytes() != trimmed_bytes_; }

 private:
  const std::shared_ptr<const ByteBudget> budget_;
  int64_t returned_bytes_ = 0;  // at the last tick
  int64_t trimmed_bytes_ = 0;   // of these, before the last trim
  int quiet_ticks_ = 0;
  int64_t refusals_ = 0;  // that were logged
  Throttle refusal_log_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HEAP_TRIMMER_H_
