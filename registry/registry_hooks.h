#ifndef RPYC_REGISTRY_REGISTRY_HOOKS_H_
#define RPYC_REGISTRY_REGISTRY_HOOKS_H_

#include <functional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rpyc {

enum class RegistryLogLevel { kDebug, kInfo, kWarning, kError };

// What a registry asks of the program that it is in: whose threads take which signals, and where
// is logged, is the program's. Threads: each may be called from any.
struct RegistryHooks {
  // Runs what it is given on a thread of its own, which nobody joins.
  // Errors:  kResourceExhausted - it has been destroyed without running.
  std::function<absl::Status(absl::AnyInvocable<void() &&>)> start_thread;
  // One line; what peers sent is in it only escaped.
  std::function<void(RegistryLogLevel, absl::string_view)> log;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_HOOKS_H_
