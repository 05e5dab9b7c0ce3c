#ifndef RPYC_SERVER_THREAD_H_
#define RPYC_SERVER_THREAD_H_

#include <cstddef>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace rpyc {

// Runs `body` on a thread of its own, which is never joined: `body` owns what it uses, and tells by
// itself when it is done. The thread takes no signals (signal_mask.h). Its stack has `stack_bytes`;
// 0 means the system's default.
// Errors:  kResourceExhausted - out of threads; `body` has been destroyed and has not run.
absl::Status StartThread(absl::AnyInvocable<void() &&> body, size_t stack_bytes = 0);

}  // namespace rpyc

#endif  // RPYC_SERVER_THREAD_H_
