#include "server/thread.h"

#include <pthread.h>

#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/signal_mask.h"

namespace rpyc {
namespace {

using Body = absl::AnyInvocable<void() &&>;

void* Run(void* argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  std::move (*body)();
  return nullptr;
}

}  // namespace

absl::Status StartThread(Body body, size_t stack_bytes) {
  auto owned = std::make_unique<Body>(std::move(body));
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack_bytes != 0) ::pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  int error;
  {
    const SignalMask inherited;
    error = ::pthread_create(&thread, &attributes, &Run, owned.get());
  }
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a thread: ", std::generic_category().message(error)));
  }
  static_cast<void>(owned.release());  // Run owns it now
  return absl::OkStatus();
}

}  // namespace rpyc
