#include "rpyc/sleep.h"

#include "absl/time/clock.h"
#include "rpyc/fiber.h"

namespace rpyc {

void SleepFor(absl::Duration duration) {
  Fiber* const fiber = Fiber::Current();
  if (fiber == nullptr) return absl::SleepFor(duration);
  const absl::Time end = absl::Now() + duration;
  do {
    fiber->Park(end);
  } while (absl::Now() < end);
}

}  // namespace rpyc
