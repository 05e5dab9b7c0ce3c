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

struct AsyncResult::State {
  enum Outcome { kPending, kReady, kExpired };

  State(StartedCall call, CallContext who)
      : request(std::move(call.request)), owner(std::move(call.owner)), context(std::move(who)) {}

  // What has become of it; decides that once.
  Outcome Look() {
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
    : state_(std::make_shared<State>(std::move(call), std::move(context))) {
  if (state_->context.timeout().has_value()) SetExpiry(*state_->context.timeout());
}

bool AsyncResult::ready() const {
  if (state_->Look() == State::kPending && state_->owner != nullptr) {
    state_->owner->Await(*state_->request, absl::Now());
  }
  return state_->Look() == State::kReady;
}

bool AsyncResult::error() const { return ready() && !state_->request->answer().ok(); }

bool AsyncResult::expired() const { return state_->Look() == State::kExpired; }

void AsyncResult::SetExpiry(absl::Duration timeout) const {
  state_->Look();  // what is so by now stays
  {
    MutexLock lock(&state_->mutex);
    state_->expiry = absl::Now() + timeout;
  }
  // So that it is seen whether the answer comes in time, also if nobody asks then.
  state_->request->AddCallback([state = state_](const absl::StatusOr<Value>&) { state->Look(); });
}

absl::Status AsyncResult::Wait() const {
  for (;;) {
    const State::Outcome outcome = state_->Look();
    if (outcome == State::kReady) return absl::OkStatus();
    if (outcome == State::kExpired) return PyStatus("TimeoutError", "result expired");
    absl::Time expiry;
    {
      MutexLock lock(&state_->mutex);
      expiry = state_->expiry;
    }
    state_->owner->Await(*state_->request, expiry);
  }
}

Netref AsyncResult::value() const {
  if (absl::Status waited = Wait(); !waited.ok()) return Netref(waited, state_->context);
  return Netref(state_->request->answer(), state_->context);
}

void AsyncResult::AddCallback(std::function<void(AsyncResult)> callback) const {
  state_->request->AddCallback(
      [state = state_, callback = std::move(callback)](const absl::StatusOr<Value>&) {
        if (state->Look() != State::kReady) return;
        // What it throws has nobody to go to.
        Guarded([&] { callback(AsyncResult(state)); }).IgnoreError();
      });
}

}  // namespace rpyc
