#ifndef RPYC_SLEEP_H_
#define RPYC_SLEEP_H_

#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Waits for so long. A method on a fiber (the gevent kind) lets the others of its thread run
// meanwhile, where the system's own sleep would hold them all up. Threads: any.
void SleepFor(absl::Duration duration);

}  // namespace rpyc

#endif  // RPYC_SLEEP_H_
