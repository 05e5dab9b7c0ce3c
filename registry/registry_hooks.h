#ifndef RPYC_REGISTRY_REGISTRY_HOOKS_H_
#define RPYC_REGISTRY_REGISTRY_HOOKS_H_

#include <functional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "registry/log_level.h"

namespace rpyc {

// What a registry needs of its program, which decides about signals on threads and about logging.
// Threads: any thread may call them.
struct RegistryHooks {
  // Runs its argument on a new thread that nobody joins.
  // Errors:  kResourceExhausted - the argument was destroyed without running.
  std::function<absl::Status(absl::AnyInvocable<void() &&>)> start_thread;
  // Logs one line. Text that peers sent is escaped in it.
  std::function<void(LogLevel, absl::string_view)> log;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_HOOKS_H_
