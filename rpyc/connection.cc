#include "rpyc/connection.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/version.h"
#include "rpyc/vinegar.h"

namespace rpyc {
namespace {

// Replies that wait for the end of a batch are sent earlier when they are this many bytes.
constexpr size_t kFlushThresholdBytes = 1 << 20;

// A reply may wait for the user code of later requests once so many of a connection's pipelined
// requests in a row took no longer than this.
constexpr int kTrustedAfter = 8;
constexpr std::chrono::microseconds kQuick(20);

// Clients warn in tracebacks unless the version begins with their own major number.
std::string RemoteVersion(Dialect dialect) {
  return absl::StrCat(dialect == Dialect::kV6 ? "6" : "5", ".rpychost-", kVersion);
}

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, const Service& service,
                       const Options& options)
    : options_(options),
      service_(service),
      stream_(std::move(stream)),
      parser_(options_.limits),
      local_objects_(options_.limits.max_local_objects),
      proxies_(options_.limits.max_local_objects),
      boxing_(options_.limits, &local_objects_, &proxies_),
      context_{options_.config, service_, local_objects_, call_context_, nullptr} {}

Connection::~Connection() = default;

void Connection::Drain() {
  if ((state_.fetch_or(kDraining) & kBusy) == 0) stream_->Shutdown();
}

void Connection::Shutdown() { stream_->Shutdown(); }

absl::Status Connection::ServeAll() {
  absl::Status end = ServeFrames();
  state_.fetch_and(~kBusy);  // set still if a request ended it
  stream_->Shutdown();
  context_.root.reset();
  local_objects_.Clear();
  return end;
}

absl::Status Connection::ServeFrames() {
  for (;;) {
    absl::StatusOr<ReadResult> read =
        stream_->ReadSome(parser_.PrepareRead(), parser_.inside_frame() ? ReadHint::kInsideFrame
                                                                        : ReadHint::kBetweenFrames);
    if (!read.ok()) return read.status();
    if (read->state == ReadResult::kEof) {
      if (!parser_.inside_frame()) return absl::OkStatus();
      return absl::UnavailableError(absl::StrCat("the peer left in the middle of a frame, after ",
                                                 parser_.buffered_bytes(), " bytes of it"));
    }
    if (read->state == ReadResult::kWouldBlock) return absl::OkStatus();
    parser_.Commit(read->bytes);

    // A drain that begins here waits; one that began before has shut the stream.
    state_.fetch_or(kBusy);
    absl::Status served = ServeBuffered();
    if (!served.ok()) return served;
    const uint32_t before = state_.fetch_and(~kBusy);
    if (context_.close_requested || (before & kDraining) != 0) return absl::OkStatus();
  }
}

absl::Status Connection::ServeBuffered() {
  for (;;) {
    absl::StatusOr<std::optional<absl::string_view>> payload = parser_.Next();
    absl::Status status = payload.status();
    if (status.ok() && payload->has_value()) status = DispatchMessage(**payload);
    if (!status.ok()) {
      // What was answered before the peer went wrong still reaches it.
      Flush().IgnoreError();
      return status;
    }
    const bool batch_ends = !payload->has_value() || context_.close_requested;
    if (batch_ends || out_.size() >= kFlushThresholdBytes) {
      status = Flush();
      if (batch_ends || !status.ok()) return status;
    }
  }
}

absl::Status Connection::DispatchMessage(absl::string_view payload) {
  if (dialect_ == Dialect::kUnknown) {
    dialect_ = DetectDialect(payload);
    if (dialect_ == Dialect::kUnknown) {
      return absl::InvalidArgumentError(absl::StrCat(
          "not RPyC: the first payload begins with byte ", static_cast<uint8_t>(payload[0])));
    }
  }
  brine::Reader reader(payload, options_.limits);
  absl::StatusOr<MessageHead> head = ReadMessageHead(dialect_, &reader);
  if (!head.ok()) return head.status();
  // Our only requests are releases; nothing waits for their answers.
  if (head->type != MessageType::kRequest) return absl::OkStatus();
  seq_.assign(head->seq.data(), head->seq.size());
  return DispatchRequest(&reader);
}

absl::StatusOr<Value> Connection::RunRequest(brine::Reader* reader, bool* is_call) {
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
  const HandlerRow* row = number->AsInt() == nullptr ? nullptr : FindHandler(*number->AsInt());
  if (row == nullptr) {
    return PyStatus(RemoteException{.name = "KeyError", .args = {*std::move(number)}});
  }
  *is_call = row->is_call;
  return row->runs_user_code ? RunMaybeLong(*row, *args) : RunHandler(*row, context_, *args);
}

absl::StatusOr<Value> Connection::RunMaybeLong(const HandlerRow& row, std::vector<Value>& args) {
  // Only pipelined requests are timed; a peer that waits for each answer pays for no clock.
  if (out_.empty() && !parser_.has_frame()) return RunHandler(row, context_, args);
  if (!out_.empty() && quick_in_a_row_ < kTrustedAfter) {
    absl::Status flushed = Flush();
    if (!flushed.ok()) return flushed;
  }
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Value> result = RunHandler(row, context_, args);
  const bool quick = std::chrono::steady_clock::now() - start <= kQuick;
  quick_in_a_row_ = quick ? std::min(quick_in_a_row_ + 1, kTrustedAfter) : 0;
  return result;
}

absl::Status Connection::DispatchRequest(brine::Reader* reader) {
  bool is_call = false;
  absl::StatusOr<Value> result = RunRequest(reader, &is_call);
  if (context_.close_requested) return absl::OkStatus();  // CLOSE has no answer
  absl::Status status = result.status();
  if (status.ok()) {
    status = Reply(*std::move(result));
  }
  if (!status.ok()) {
    if (!IsPyStatus(status)) return status;
    ReplyException(status);
  }
  if (is_call) {
    // One writer, so no locked instruction.
    const auto count = [](std::atomic<int64_t>& counter) {
      counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    };
    if (!status.ok()) count(counters_.calls_failed);
    count(counters_.calls);
  }
  return absl::OkStatus();
}

absl::Status Connection::Reply(Value result) {
  FrameWriter frame(&out_);
  AppendMessageHead(dialect_, MessageType::kReply, seq_, &out_);
  absl::Status boxed = boxing_.Box(std::move(result), &out_);
  if (!boxed.ok()) {
    frame.Abandon();
    return boxed;
  }
  absl::Status ended = frame.End(std::numeric_limits<uint32_t>::max());
  return ended.ok() ? ended : PyStatus("OverflowError", ended.message());
}

void Connection::ReplyException(const absl::Status& error) {
  const std::string version = RemoteVersion(dialect_);
  vinegar::DumpOptions options;
  options.include_traceback = options_.config.include_local_traceback;
  if (options_.config.include_local_version) options.version = version;
  FrameWriter frame(&out_);
  AppendMessageHead(dialect_, MessageType::kException, seq_, &out_);
  // Cannot fail: Dump makes only what can be encoded, and of bounded size.
  brine::Encode(vinegar::Dump(ToException(error), options), Limits(), &out_).IgnoreError();
  frame.End(std::numeric_limits<uint32_t>::max()).IgnoreError();
}

void Connection::AppendReleases() {
  for (const ReleaseQueue::Release& release : proxies_.TakeReleases()) {
    // REQUEST (DEL, TUPLE (LOCAL_REF id_pack, VALUE count))
    FrameWriter frame(&out_);
    OutBuffer seq;
    brine::AppendInt(next_request_++, &seq);
    AppendMessageHead(dialect_, MessageType::kRequest, seq.ToString(), &out_);
    brine::AppendTupleHeader(2, &out_);
    brine::AppendInt(static_cast<int64_t>(Handle::kDel), &out_);
    boxing_.AppendRelease(release, &out_);
    frame.End(std::numeric_limits<uint32_t>::max()).IgnoreError();
  }
}

absl::Status Connection::Flush() {
  AppendReleases();
  if (out_.empty()) return absl::OkStatus();
  absl::Status written = stream_->Write(out_.Chunks());
  out_.Clear();
  return written;
}

}  // namespace rpyc
