#include "server/admin/watch_slots.h"

#include "absl/strings/str_cat.h"
#include "server/reason.h"

namespace rpyc {

absl::Status WatchSlots::Enter() {
  MutexLock lock(&mutex_);
  if (stopped_) return HostClosing();
  if (running_ >= max_) {
    return ReasonStatus(absl::StatusCode::kResourceExhausted, "LIMIT_EXCEEDED",
                        absl::StrCat(max_, " watches run already"));
  }
  ++running_;
  return absl::OkStatus();
}

void WatchSlots::Leave() {
  MutexLock lock(&mutex_);
  --running_;
}

void WatchSlots::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
}

bool WatchSlots::stopped() const {
  MutexLock lock(&mutex_);
  return stopped_;
}

}  // namespace rpyc
