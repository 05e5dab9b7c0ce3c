#ifndef RPYC_SERVER_ADMIN_WATCH_SLOTS_H_
#define RPYC_SERVER_ADMIN_WATCH_SLOTS_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpyc/mutex.h"

namespace rpyc {

// Bounds the watches of a gRPC service, each of which holds one of gRPC's threads, and ends them.
// Threads: any.
class WatchSlots {
 public:
  static constexpr size_t kDefaultMax = 100;
  // How often a watch that has nothing to send checks whether its client has gone.
  static constexpr absl::Duration kCheckInterval = absl::Seconds(1);

  explicit WatchSlots(size_t max) : max_(max) {}

  // Begins a watch, which ends by Leave.
  // Errors:  LIMIT_EXCEEDED - too many run; HOST_CLOSING - Stop was called.
  absl::Status Enter();
  void Leave();

  // Refuses new watches, and tells those that run to end.
  void Stop();
  bool stopped() const;

 private:
  const size_t max_;
  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_WATCH_SLOTS_H_
