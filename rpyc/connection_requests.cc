// Our requests to the peer; what it asks of us is in connection.cc.

#include <memory>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/connection.h"
#include "rpyc/errand.h"
#include "rpyc/errors.h"
#include "rpyc/fiber.h"
#include "rpyc/held_turn.h"
#include "rpyc/peer_wait.h"
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
  if (request == nullptr) return Ended();
  absl::Status status;
  if (HeldTurn::Within(&activity_) && activity_.depth() > options_.limits.max_callback_depth) {
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
    // Unless the connection has ended meanwhile, which answers it.
    if (pending_.Take(seq) != nullptr) request->Answer(std::move(status));
    return request;
  }
  absl::Status sent = Flush(/*has_input=*/false, deadline);
  // A peer that does not read in time fails the request, not the connection.
  if (!sent.ok() && !absl::IsDeadlineExceeded(sent)) EndWith(std::move(sent));
  return request;
}

// Each step here is short, or is left to another thread: no lock is waited for that is held while
// something is encoded or sent.
std::shared_ptr<PendingRequest> Connection::Post(Handle handle, Value args) {
  int64_t seq = 0;
  std::shared_ptr<PendingRequest> request = pending_.Add(&seq);
  if (request == nullptr) return Ended();
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

// A request of a connection that has ended.
std::shared_ptr<PendingRequest> Connection::Ended() const {
  auto request = std::make_shared<PendingRequest>();
  request->Answer(EndedError(end_status()));
  return request;
}

// Nothing can be sent before the dialect is known.
bool Connection::AwaitDialect(absl::Time deadline) {
  if (dialect_.load() == Dialect::kUnknown) Await(first_frame_, deadline);
  return dialect_.load() != Dialect::kUnknown;
}

bool Connection::Await(const PendingRequest& request, absl::Time deadline) {
  if (request.ready()) return true;
  const HeldTurn::Pause pause;
  const PeerWait wait;
  if (IsForeignThread()) {
    AwaitOnOwningLoop(request, deadline);
  } else {
    WaitFor(&request, deadline).IgnoreError();
  }
  return request.ready();
}

// Whether the caller must leave it to others to read and run what the peer sends. Not a thread that
// runs a request of this connection already, as an executor's does.
bool Connection::IsForeignThread() const {
  return owning_loop_ != nullptr && !owning_loop_->IsHere() && !HeldTurn::Within(&activity_);
}

void Connection::AwaitOnOwningLoop(const PendingRequest& request, absl::Time deadline) {
  const auto wait = [&] { WaitFor(&request, deadline).IgnoreError(); };
  const auto errand = std::make_shared<Errand>(wait);
  owning_loop_->Post([ticket = std::make_shared<const ErrandTicket>(errand)] { ticket->Run(); });
  errand->Wait(deadline);
}

}  // namespace rpyc
