#ifndef RPYC_SLEEP_H_
#define RPYC_SLEEP_H_

#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Waits for `duration`. On a fiber (the gevent kind) the thread's other fibers run meanwhile, while
// the system's own sleep would block them all.
// Threads: any.
void SleepFor(absl::Duration duration);

}  // namespace rpyc

#endif  // RPYC_SLEEP_H_
