#include "rpyc/async_result.h"

#include <optional>
#include <vector>

#include "absl/time/clock.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"
#include "rpyc/mutex.h"
#include "rpyc/netref_object.h"
#include "rpyc/pending_request.h"

namespace rpyc {

struct AsyncResult::PendingResult {
  enum Outcome { kPending, kReady, kExpired };

  PendingResult(StartedCall call, CallContext caller)
      : request(std::move(call.request)),
        owner(std::move(call.owner)),
        context(std::move(caller)) {}

  // Decides, once, whether the answer came before it expired.
  Outcome Settle() {
    MutexLock lock(&mutex);
    if (outcome == kPending && absl::Now() >= expiry) outcome = kExpired;
    if (outcome == kPending && request->ready()) outcome = kReady;
    return outcome;
  }

  const std::shared_ptr<PendingRequest> request;
  const std::shared_ptr<NetrefOwner> owner;  // null: answered at once
  const CallContext context;
  Mutex mutex;
  absl::Time expiry ABSL_GUARDED_BY(mutex) = absl::InfiniteFuture();
  Outcome outcome ABSL_GUARDED_BY(mutex) = kPending;
};

AsyncResult::AsyncResult(StartedCall call, CallContext context)
    : pending_(std::make_shared<PendingResult>(std::move(call), std::move(context))) {
  if (pending_->context.timeout().has_value()) SetExpiry(*pending_->context.timeout());
}

bool AsyncResult::ready() const {
  if (pending_->Settle() == PendingResult::kPending && pending_->owner != nullptr) {
    pending_->owner->Await(*pending_->request, absl::Now());
  }
  return pending_->Settle() == PendingResult::kReady;
}

bool AsyncResult::error() const { return ready() && !pending_->request->answer().ok(); }

bool AsyncResult::expired() const { return pending_->Settle() == PendingResult::kExpired; }

void AsyncResult::SetExpiry(absl::Duration timeout) const {
  pending_->Settle();  // what is decided by now stays
  {
    MutexLock lock(&pending_->mutex);
    pending_->expiry = absl::Now() + timeout;
  }
  // The callback decides whether the answer came in time, also if no caller asks then.
  pending_->request->AddCallback(
      [pending = pending_](const absl::StatusOr<Value>&) { pending->Settle(); });
}

absl::Status AsyncResult::Wait() const {
  for (;;) {
    const PendingResult::Outcome outcome = pending_->Settle();
    if (outcome == PendingResult::kReady) return absl::OkStatus();
    if (outcome == PendingResult::kExpired) return PyStatus("TimeoutError", "result expired");
    absl::Time expiry;
    {
      MutexLock lock(&pending_->mutex);
      expiry = pending_->expiry;
    }
    pending_->owner->Await(*pending_->request, expiry);
  }
}

Netref AsyncResult::value() const {
  if (absl::Status waited = Wait(); !waited.ok()) return Netref(waited, pending_->context);
  return Netref(pending_->request->answer(), pending_->context);
}

void AsyncResult::AddCallback(std::function<void(AsyncResult)> callback) const {
  pending_->request->AddCallback(
      [pending = pending_, callback = std::move(callback)](const absl::StatusOr<Value>&) {
        if (pending->Settle() != PendingResult::kReady) return;
        // No caller is there to be told what it throws.
        Guarded([&] { callback(AsyncResult(pending)); }).IgnoreError();
      });
}

}  // namespace rpyc
