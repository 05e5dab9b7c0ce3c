// This part of Connection sends our requests to the peer. What the peer asks of us is in
// connection_dispatch.cc.

#include <memory>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/blocked_on_peer.h"
#include "rpyc/connection.h"
#include "rpyc/cross_thread_call.h"
#include "rpyc/errors.h"
#include "rpyc/fiber.h"
#include "rpyc/held_run_lock.h"
#include "rpyc/pending_request.h"

namespace rpyc {
namespace {

bool IsStackShort() {
  const Fiber* const fiber = Fiber::Current();
  return fiber != nullptr && fiber->IsStackShort();
}

}  // namespace

absl::StatusOr<Value> Connection::Request(Handle handle, Value args,
                                          std::optional<absl::Duration> timeout) {
  const absl::Duration limit = timeout.value_or(options_.config.sync_request_timeout);
  const absl::Time deadline = absl::Now() + limit;
  const bool bound = options_.config.bind_threads;
  if (bound) activity_.BeginCall();
  const absl::Cleanup end = [&] {
    if (bound) activity_.EndCall();
  };
  const std::shared_ptr<PendingRequest> request = Send(handle, std::move(args), deadline);
  if (Await(*request, deadline)) return request->TakeAnswer();
  return NotAnswered(limit);
}

std::shared_ptr<PendingRequest> Connection::Start(Handle handle, Value args) {
  return Send(handle, std::move(args), absl::Now() + options_.config.sync_request_timeout);
}

std::shared_ptr<PendingRequest> Connection::Send(Handle handle, Value args, absl::Time deadline) {
  int64_t seq = 0;
  std::shared_ptr<PendingRequest> request = pending_.Add(&seq);
  if (request == nullptr) return RequestAfterEnd();
  absl::Status status;
  if (HeldRunLock::Within(&activity_) && activity_.depth() > options_.limits.max_callback_depth) {
    status = PyStatus("RecursionError",
                      absl::StrCat("calls and callbacks nested deeper than max_callback_depth ",
                                   options_.limits.max_callback_depth));
  } else if (IsStackShort()) {
    status =
        PyStatus("RecursionError", "calls and callbacks nested deeper than the stack of a fiber");
  } else if (!AwaitDialect(deadline)) {
    status = PyStatus("TimeoutError", "the peer has sent nothing yet that tells its dialect");
  } else {
    status = AppendRequest(seq, handle, std::move(args));
  }
  if (!status.ok()) {
    // If the connection has ended meanwhile, that has answered the request.
    if (pending_.Take(seq) != nullptr) request->Answer(std::move(status));
    return request;
  }
  absl::Status sent = Flush(/*has_read_side=*/false, deadline);
  // A peer that does not read in time fails the request, not the connection.
  if (!sent.ok() && !absl::IsDeadlineExceeded(sent)) End(std::move(sent));
  return request;
}

// Each step here is short, or is left to another thread: no lock is waited for that is held while
// something is encoded or sent.
std::shared_ptr<PendingRequest> Connection::Post(Handle handle, Value args) {
  int64_t seq = 0;
  std::shared_ptr<PendingRequest> request = pending_.Add(&seq);
  if (request == nullptr) return RequestAfterEnd();
  absl::Status status;
  if (dialect_.load() == Dialect::kUnknown) {
    status = PyStatus("TimeoutError", "the peer has sent nothing yet that tells its dialect");
  } else {
    status = OrOutOfMemory([&] {
      OutBuffer frame;
      absl::Status encoded = EncodeRequest(seq, handle, std::move(args), &frame);
      return encoded.ok() ? outbox_.Post(frame) : encoded;
    });
    if (IsOutOfMemory(status)) status = PyStatus("MemoryError", status.message());
  }
  if (!status.ok() && pending_.Take(seq) != nullptr) request->Answer(std::move(status));
  return request;
}

std::shared_ptr<PendingRequest> Connection::RequestAfterEnd() const {
  auto request = std::make_shared<PendingRequest>();
  request->Answer(EndedError(end_status()));
  return request;
}

bool Connection::AwaitDialect(absl::Time deadline) {
  if (dialect_.load() == Dialect::kUnknown) Await(first_frame_, deadline);
  return dialect_.load() != Dialect::kUnknown;
}

bool Connection::Await(const PendingRequest& request, absl::Time deadline) {
  if (request.ready()) return true;
  const HeldRunLock::Yield yield;
  const BlockedOnPeer blocked;
  if (IsForeignThread()) {
    AwaitOnOwningLoop(request, deadline);
  } else {
    ServeUntil(&request, deadline).IgnoreError();
  }
  return request.ready();
}

bool Connection::IsForeignThread() const {
  return owning_loop_ != nullptr && !owning_loop_->IsCurrent() && !HeldRunLock::Within(&activity_);
}

void Connection::AwaitOnOwningLoop(const PendingRequest& request, absl::Time deadline) {
  const auto wait = [&] { ServeUntil(&request, deadline).IgnoreError(); };
  const auto posted_call = std::make_shared<CrossThreadCall>(wait);
  owning_loop_->Post(
      [task = std::make_shared<const CrossThreadCallTask>(posted_call)] { task->Run(); });
  posted_call->Wait(deadline);
}

}  // namespace rpyc
