#ifndef RPYC_REGISTRY_PROCESS_START_H_
#define RPYC_REGISTRY_PROCESS_START_H_

#include <signal.h>

#include "absl/time/time.h"

// What the programs rpycd and rpyc_registry share: how their processes start and end.
namespace rpyc {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// How long a program waits for its log to be read before it ends.
inline constexpr absl::Duration kLogFlushTimeout = absl::Seconds(1);

// The signals that end a program: SIGTERM and SIGINT.
sigset_t EndingSignals();

// Prepares the process: blocks `awaited`, which the main thread will wait for by sigwait, ignores
// SIGPIPE and SIGXFSZ, and raises the limit of descriptors as far as the process may.
// Threads: to be called before the process starts any, since they inherit the mask.
void PrepareProcess(const sigset_t& awaited);

}  // namespace rpyc

#endif  // RPYC_REGISTRY_PROCESS_START_H_
