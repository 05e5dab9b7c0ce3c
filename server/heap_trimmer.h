#ifndef RPYC_SERVER_HEAP_TRIMMER_H_
#define RPYC_SERVER_HEAP_TRIMMER_H_

#include <cstdint>
#include <memory>

#include "rpyc/byte_budget.h"
#include "rpyc/throttle.h"

namespace rpyc {

// Gives the memory that large messages and many objects have left in malloc's arenas back to the
// system, once no more of them come. It also logs when the host's budget had no room.
// Threads: one, which calls Tick ten times a second.
class HeapTrimmer {
 public:
  // `budget` is the host's. If it is null, the trimmer does nothing.
  explicit HeapTrimmer(std::shared_ptr<const ByteBudget> budget);

  // Trims or logs if it is time to. Trimming may take some milliseconds.
  void Tick();
  // Whether ticks are still needed though there are no connections.
  bool pending() const { return budget_ != nullptr && budget_->returned_bytes() != trimmed_bytes_; }

 private:
  const std::shared_ptr<const ByteBudget> budget_;
  int64_t returned_bytes_ = 0;  // the budget's count at the last tick
  int64_t trimmed_bytes_ = 0;   // the budget's count at the last trim
  int quiet_ticks_ = 0;
  int64_t refusals_ = 0;  // the budget's count in the last log line
  Throttle refusal_log_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HEAP_TRIMMER_H_
