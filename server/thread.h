#ifndef RPYC_SERVER_THREAD_H_
#define RPYC_SERVER_THREAD_H_

#include <cstddef>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace rpyc {

// Runs `body` on a thread of its own, which nobody joins: `body` owns what it uses and says itself
// when it is done. It takes no signals (signal_mask.h). Unlike std::thread, running out of threads
// is a Status. Errors:  kResourceExhausted - `body` has been destroyed without running.
// With `stack_bytes` its stack is that large, else as the system has it.
absl::Status StartThread(absl::AnyInvocable<void() &&> body, size_t stack_bytes = 0);

}  // namespace rpyc

#endif  // RPYC_SERVER_THREAD_H_
