// What a Connection does with the messages of its peer: it runs requests and delivers answers. The
// rest of Connection is in connection.cc, connection_messages.cc and connection_requests.cc.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/connection.h"
#include "rpyc/errors.h"
#include "rpyc/held_run_lock.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/vinegar.h"

namespace rpyc {
namespace {

// A reply may wait for the user code of later requests once so many of a connection's pipelined
// requests in a row took no longer than this.
constexpr int kQuickRunsToTrust = 8;
constexpr std::chrono::microseconds kQuickRun(20);

[[gnu::noinline, gnu::cold]] absl::Status NoThreadIds() {
  return absl::InvalidArgumentError(
      "a message without thread ids, and bind_threads is on: both sides must have it on");
}

uint64_t LoadBig64(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(number); ++i) {
    number = number << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return number;
}

// What a peer is told when a message of its has broken a limit.
absl::Status LimitError(const absl::Status& limit) {
  return PyStatus(IsOutOfMemory(limit) ? "MemoryError" : "ValueError", limit.message());
}

}  // namespace

[[gnu::noinline]] absl::Status Connection::LearnDialect(absl::string_view payload) {
  RPYC_ASSERT(!payload.empty());
  RPYC_ASSERT(dialect_.load() == Dialect::kUnknown);
  const Dialect dialect = DetectDialect(payload);
  if (dialect == Dialect::kUnknown) {
    return absl::InvalidArgumentError(absl::StrCat("not RPyC: the first payload begins with byte ",
                                                   static_cast<uint8_t>(payload[0])));
  }
  dialect_.store(dialect);
  counters_->dialect.store(dialect == Dialect::kV6 ? 6 : 5, std::memory_order_relaxed);
  first_frame_.Answer(Value());
  activity_.NotifyAnswered(first_frame_);
  return absl::OkStatus();
}

[[gnu::noinline, gnu::cold]] absl::Status Connection::RefuseFrame(const absl::Status& why,
                                                                  bool* has_read_side) {
  absl::string_view head = parser_.refused_head();
  Job job;
  if (options_.config.bind_threads) {
    if (head.size() <= kThreadIdsBytes) return why;
    job.peer_thread = LoadBig64(head);
    head.remove_prefix(kThreadIdsBytes);
  }
  if (head.empty()) return why;
  if (dialect_.load(std::memory_order_relaxed) == Dialect::kUnknown) {
    absl::Status told = LearnDialect(head);
    if (!told.ok()) return told;
  }
  brine::Reader reader(head, options_.limits);
  const absl::StatusOr<MessageHead> message =
      ReadMessageHead(dialect_.load(std::memory_order_relaxed), &reader);
  if (!message.ok()) return why;
  absl::Status status;
  if (message->type == MessageType::kRequest) {
    job.seq = std::string(message->seq);
    ReplyException(job, LimitError(why));
  } else {
    const absl::StatusOr<Value> seq = brine::Decode(message->seq, options_.limits);
    const std::shared_ptr<PendingRequest> request =
        seq.ok() && seq->AsInt() != nullptr ? pending_.Take(*seq->AsInt()) : nullptr;
    if (request != nullptr) status = Deliver(request, LimitError(why), has_read_side);
  }
  status.Update(parser_.can_go_on() ? absl::OkStatus() : why);
  return status;
}

[[gnu::noinline, gnu::cold]] absl::Status Connection::HeadError(absl::string_view payload,
                                                                absl::Status error) const {
  const Dialect spoken = DetectDialect(payload);
  if (spoken == dialect_.load() || spoken == Dialect::kUnknown) return error;
  return absl::InvalidArgumentError(
      absl::StrCat("the peer speaks the dialect of RPyC ", spoken == Dialect::kV6 ? "6" : "5",
                   ", and the configuration says another: dialect ", options_.config.dialect));
}

absl::Status Connection::DispatchMessage(absl::string_view payload, bool* has_read_side) {
  Job job;
  job.bytes = payload.size();
  if (options_.config.bind_threads) {
    if (payload.size() <= kThreadIdsBytes) {
      return NoThreadIds();
    }
    job.peer_thread = LoadBig64(payload);
    job.for_thread = LoadBig64(payload.substr(sizeof(uint64_t)));
    payload.remove_prefix(kThreadIdsBytes);
  }
  if (dialect_.load(std::memory_order_relaxed) == Dialect::kUnknown) {
    absl::Status told = LearnDialect(payload);
    if (!told.ok()) return told;
  }
  job.charge = ByteCharge(options_.budget);
  brine::Reader reader(payload, options_.limits, &job.charge);
  absl::StatusOr<MessageHead> head =
      ReadMessageHead(dialect_.load(std::memory_order_relaxed), &reader);
  if (!head.ok()) return HeadError(payload, std::move(head).status());
  if (head->type != MessageType::kRequest) return DispatchAnswer(*head, &reader, has_read_side);
  job.seq = std::string(head->seq);
  return DispatchRequest(job, &reader, has_read_side);
}

absl::Status Connection::DispatchRequest(Job& job, brine::Reader* reader, bool* has_read_side) {
  absl::Status status = OrOutOfMemory([&] { return ReadRequest(reader, &job); });
  if (!status.ok()) {
    if (absl::IsResourceExhausted(status)) status = LimitError(status);
    if (!IsPyStatus(status)) return status;
    ReplyException(job, status);
    return absl::OkStatus();
  }
  if (job.row->number == Handle::kClose) {  // a CLOSE has no answer, and waits for no other request
    Flush(/*has_read_side=*/true).IgnoreError();
    End(EndStatusOfClose(job));
    return absl::OkStatus();
  }
  if (job.row->runs_user_code) {
    // A peer that waits for each answer pays for no clock.
    job.pipelined = !outbox_.empty() || parser_.has_frame();
    if (job.pipelined && quick_runs_in_a_row_.load(std::memory_order_relaxed) < kQuickRunsToTrust) {
      absl::Status flushed = Flush(/*has_read_side=*/true, absl::InfinitePast());
      if (!flushed.ok() && !absl::IsDeadlineExceeded(flushed)) return flushed;
    }
  }
  return RunOrQueue(job, has_read_side);
}

// A client of rpyc-ng 7 looks like one of RPyC 6 until it has asked for the root, whose identity it
// cannot read: it can only close then. A client of RPyC asks what the root's class has.
// Source:  rpyc-ng core/protocol.py, Connection.__unbox, 7.0.15.
[[gnu::noinline, gnu::cold]] absl::Status Connection::EndStatusOfClose(const Job& job) const {
  constexpr int64_t kBytesOfRequestWithoutArguments = 14;  // while its number is small
  constexpr int64_t kMaxRequests = 50;
  const absl::StatusOr<Value> seq = brine::Decode(job.seq, options_.limits);
  const int64_t* const before = seq.ok() ? seq->AsInt() : nullptr;
  if (dialect_.load() != Dialect::kV6 || before == nullptr || *before < 1 ||
      *before > kMaxRequests ||
      counters_->received_bytes.load() != (*before + 1) * kBytesOfRequestWithoutArguments) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      "the client asked for the root and then for nothing: it seems to be of rpyc-ng 7, which "
      "speaks another protocol than RPyC");
}

absl::Status Connection::RunOrQueue(Job& job, bool* has_read_side) {
  if (!activity_.BeginRun(job.for_thread)) {
    activity_.AddJob(std::move(job));
    return absl::OkStatus();
  }
  absl::Status ran = RunJob(job);
  *has_read_side = activity_.EndRun();
  return ran;
}

// Errors: a PyStatus - to be answered; any other - the connection is broken.
absl::Status Connection::ReadRequest(brine::Reader* reader, Job* job) {
  // (handler, boxed args). What is not that is the requester's error, as in RPyC.
  if (!reader->AtTuple()) {
    absl::StatusOr<Value> other = reader->ReadValue();
    if (!other.ok()) return other.status();
    return PyStatus("TypeError",
                    absl::StrCat("a request must be a tuple of handler and arguments, not ",
                                 other->DebugString()));
  }
  absl::StatusOr<uint32_t> count = reader->ReadTupleHeader();
  if (!count.ok()) return count.status();
  if (*count != 2) {
    return PyStatus("ValueError", absl::StrCat("a request has a handler and its arguments, not ",
                                               *count, " items"));
  }
  absl::StatusOr<Value> number = reader->ReadValue();
  if (!number.ok()) return number.status();
  absl::StatusOr<std::vector<Value>> args = boxing_.UnboxArgs(reader);
  if (!args.ok()) return args.status();
  job->row = number->AsInt() == nullptr ? nullptr : FindHandler(*number->AsInt());
  if (job->row == nullptr) {
    return PyStatus(RemoteException{.name = "KeyError", .args = {*std::move(number)}});
  }
  job->args = *std::move(args);
  return absl::OkStatus();
}

absl::Status Connection::RunJob(Job& job) {
  if (job.row == nullptr) {
    // The callback is destroyed here too, as the serving thread keeps the job for long. No caller
    // is there to be told of an executor that drops it.
    RunUserCode([&] { std::exchange(job.callback, nullptr)(); }).IgnoreError();
    return absl::OkStatus();
  }
  absl::StatusOr<Value> result = job.pipelined ? RunTimed(job) : Run(job);
  if (ended()) return absl::OkStatus();
  absl::Status status = result.status();
  if (status.ok()) status = Reply(job, *std::move(result));
  if (!status.ok()) {
    if (IsOutOfMemory(status)) status = LimitError(status);
    if (!IsPyStatus(status)) return status;
    ReplyException(job, status);
  }
  if (job.row->is_call) {
    if (!status.ok()) ConnectionCounters::Add(counters_->calls_failed, 1);
    ConnectionCounters::Add(counters_->calls, 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> Connection::RunTimed(Job& job) {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Value> result = Run(job);
  const bool quick = std::chrono::steady_clock::now() - start <= kQuickRun;
  const int before = quick_runs_in_a_row_.load(std::memory_order_relaxed);
  quick_runs_in_a_row_.store(quick ? std::min(before + 1, kQuickRunsToTrust) : 0,
                             std::memory_order_relaxed);
  return result;
}

absl::StatusOr<Value> Connection::Run(Job& job) {
  if (job.row->runs_user_code && runner_.has_policy()) return RunByPolicy(job);
  const HeldRunLock held(&activity_, &runner_, job.peer_thread);
  absl::StatusOr<Value> result =
      OrOutOfMemory([&] { return RunHandler(*job.row, context_, job.args); });
  job.args.clear();  // destructors are user code too
  return result;
}

// What is rare is not inlined: methods run on top of these frames, and an idle connection keeps the
// pages of stack that it has touched.
[[gnu::noinline]] absl::StatusOr<Value> Connection::RunByPolicy(Job& job) {
  absl::StatusOr<Value> result = Value();
  absl::Status ran = RunUserCode(
      [&] {
        result = OrOutOfMemory([&] { return RunHandler(*job.row, context_, job.args); });
        job.args.clear();
      },
      job.peer_thread);
  return ran.ok() ? std::move(result) : ran;
}

absl::Status Connection::DispatchAnswer(const MessageHead& head, brine::Reader* reader,
                                        bool* has_read_side) {
  const absl::StatusOr<Value> seq = brine::Decode(head.seq, options_.limits);
  if (!seq.ok()) return seq.status();
  const std::shared_ptr<PendingRequest> request =
      seq->AsInt() == nullptr ? nullptr : pending_.Take(*seq->AsInt());
  if (request == nullptr) return absl::OkStatus();  // it answers a release, or no request of ours
  absl::StatusOr<Value> answer = OrOutOfMemory([&] {
    return head.type == MessageType::kReply ? boxing_.Unbox(reader) : reader->ReadValue();
  });
  if (absl::IsResourceExhausted(answer.status())) answer = LimitError(answer.status());
  absl::Status broken;
  if (!answer.ok() && !IsPyStatus(answer.status())) {
    broken = answer.status();
    answer = EndedError(broken);
  } else if (answer.ok() && head.type == MessageType::kException) {
    answer = PyStatus(vinegar::Load(*answer));
  }
  broken.Update(Deliver(request, std::move(answer), has_read_side));
  return broken;
}

absl::Status Connection::Deliver(const std::shared_ptr<PendingRequest>& request,
                                 absl::StatusOr<Value> answer, bool* has_read_side) {
  std::vector<PendingRequest::Callback> callbacks = request->Answer(std::move(answer));
  activity_.NotifyAnswered(*request);
  if (callbacks.empty()) return absl::OkStatus();
  Job job;
  job.callback = [request, callbacks = std::move(callbacks)] {
    for (const PendingRequest::Callback& callback : callbacks) {
      // No caller is there to be told what a callback throws.
      Guarded([&] { callback(request->answer()); }).IgnoreError();
    }
  };
  return RunOrQueue(job, has_read_side);
}

}  // namespace rpyc
