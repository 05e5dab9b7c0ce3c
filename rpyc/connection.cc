#include "rpyc/connection.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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

Dialect ConfiguredDialect(const ProtocolConfig& config) {
  if (config.dialect == 5) return Dialect::kV5;
  return config.dialect == 6 ? Dialect::kV6 : Dialect::kUnknown;
}

std::string EncodedInt(int64_t value) {
  OutBuffer out;
  brine::AppendInt(value, &out);
  return out.ToString();
}

// An address that is this thread's alone.
const void* ThreadMark() {
  static thread_local const char mark = 0;
  return &mark;
}

absl::Status ConnectionEnded() { return PyStatus("EOFError", "the connection has ended"); }

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, const Service* service,
                       const Options* options, std::string peer)
    : options_(*options),
      service_(*service),
      stream_(std::move(stream)),
      caller_(std::make_shared<CallContext::Caller>()),
      call_context_(caller_),
      parser_(options_.limits),
      dialect_(ConfiguredDialect(options_.config)),
      local_objects_(options_.limits.max_local_objects),
      proxies_(options_.limits.max_local_objects, this),
      boxing_(options_.limits, &local_objects_, &proxies_),
      context_{options_.config, service_, local_objects_, call_context_, nullptr},
      runner_(service_.call_policy()),
      activity_(options_.limits, stream_.get(), &parser_, caller_.get()) {
  caller_->peer = std::move(peer);
  caller_->connection_id = NewObjectId();
}

Connection::~Connection() = default;

void Connection::Drain(absl::Time deadline) {
  caller_->deadline_unix_nanos.store(absl::ToUnixNanos(deadline));
  if (activity_.Drain()) stream_->Shutdown();
}

void Connection::Shutdown() {
  caller_->cancelled.store(true);
  stream_->Shutdown();
}

absl::Status Connection::ServeAll() {
  server_thread_.store(ThreadMark());
  absl::Status end = Begin();
  const bool begun = end.ok();
  if (begun) end = ServeFrames();
  activity_.BeginRead();  // no longer busy, and the stream is nobody else's
  caller_->cancelled.store(true);
  stream_->Shutdown();
  proxies_.owner()->Detach();
  End(begun);
  return end;
}

absl::Status Connection::Begin() {
  activity_.BeginRun();
  absl::Status status;
  if (service_.has_hooks()) {
    absl::Status ran = RunUserCode([&] {
      absl::StatusOr<std::shared_ptr<Object>> root = service_.MakeRoot();
      status = root.status();
      if (!root.ok()) return;
      context_.root = *std::move(root);
      status = service_.RunOnConnect(call_context_, *context_.root);
    });
    status.Update(ran);
  }
  return status.ok() ? status : absl::FailedPreconditionError(status.message());
}

// Lets go of everything, in the user's code: hooks and destructors.
void Connection::End(bool begun) {
  RunUserCode([&] {
    // What a hook throws here has nobody to go to.
    if (begun && service_.has_hooks()) {
      service_.RunOnDisconnect(call_context_, *context_.root).IgnoreError();
    }
    context_.root.reset();
    local_objects_.Clear();
  }).IgnoreError();
}

// Where and when the service's policy wants it. Errors: it has not run, a PyStatus.
absl::Status Connection::RunUserCode(absl::FunctionRef<void()> code) {
  return runner_.Run([&] {
    const void* const outer = server_thread_.exchange(ThreadMark());
    code();
    server_thread_.store(outer);
  });
}

absl::Status Connection::ServeFrames() {
  const absl::Duration idle = options_.limits.idle_timeout;
  for (;;) {
    if (activity_.BeginRead()) return absl::OkStatus();
    const absl::StatusOr<bool> read =
        Read(idle == absl::ZeroDuration() ? absl::InfiniteFuture() : absl::Now() + idle);
    if (!read.ok()) return read.status();
    if (!*read) return absl::OkStatus();
    absl::Status served = ServeBuffered();
    if (!served.ok() || ended()) return served;
  }
}

// Reads what comes next; false at the end of the stream. The connection runs when this returns.
absl::StatusOr<bool> Connection::Read(absl::Time deadline) {
  if (deadline != absl::InfiniteFuture() && !stream_->WaitReadable(deadline)) {
    activity_.BeginRun();
    return absl::DeadlineExceededError("nothing came from the peer in time");
  }
  const ReadHint hint = parser_.inside_frame() ? ReadHint::kInsideFrame : ReadHint::kBetweenFrames;
  absl::StatusOr<ReadResult> read = stream_->ReadSome(parser_.PrepareRead(), hint);
  const bool more = read.ok() && read->state == ReadResult::kData;
  if (more) parser_.Commit(read->bytes);
  activity_.BeginRun();
  if (!read.ok()) return read.status();
  if (read->state == ReadResult::kEof && parser_.inside_frame()) {
    return absl::UnavailableError(absl::StrCat("the peer left in the middle of a frame, after ",
                                               parser_.buffered_bytes(), " bytes of it"));
  }
  return more;
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
    const bool batch_ends = !payload->has_value() || ended();
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
  if (head->type != MessageType::kRequest) return TakeAnswer(*head, &reader);
  return DispatchRequest(std::string(head->seq), &reader);
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
  if (out_.empty() && !parser_.has_frame()) return RunByPolicy(row, args);
  if (!out_.empty() && quick_in_a_row_ < kTrustedAfter) {
    absl::Status flushed = Flush();
    if (!flushed.ok()) return flushed;
  }
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Value> result = RunByPolicy(row, args);
  const bool quick = std::chrono::steady_clock::now() - start <= kQuick;
  quick_in_a_row_ = quick ? std::min(quick_in_a_row_ + 1, kTrustedAfter) : 0;
  return result;
}

absl::StatusOr<Value> Connection::RunByPolicy(const HandlerRow& row, std::vector<Value>& args) {
  if (service_.call_policy() == nullptr) return RunHandler(row, context_, args);
  absl::StatusOr<Value> result = Value();
  absl::Status ran = RunUserCode([&] {
    result = RunHandler(row, context_, args);
    args.clear();  // destructors are user code too
  });
  return ran.ok() ? std::move(result) : ran;
}

absl::Status Connection::DispatchRequest(const std::string& seq, brine::Reader* reader) {
  bool is_call = false;
  absl::StatusOr<Value> result = RunRequest(reader, &is_call);
  if (ended()) return broken_;  // CLOSE has no answer
  absl::Status status = result.status();
  if (status.ok()) {
    status = Reply(seq, *std::move(result));
  }
  if (!status.ok()) {
    if (!IsPyStatus(status)) return status;
    ReplyException(seq, status);
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

absl::Status Connection::Reply(absl::string_view seq, Value result) {
  FrameWriter frame(&out_);
  AppendMessageHead(dialect_, MessageType::kReply, seq, &out_);
  absl::Status boxed = boxing_.Box(std::move(result), &out_);
  if (!boxed.ok()) {
    frame.Abandon();
    return boxed;
  }
  absl::Status ended = frame.End(std::numeric_limits<uint32_t>::max());
  return ended.ok() ? ended : PyStatus("OverflowError", ended.message());
}

void Connection::ReplyException(absl::string_view seq, const absl::Status& error) {
  const std::string version = RemoteVersion(dialect_);
  vinegar::DumpOptions options;
  options.include_traceback = options_.config.include_local_traceback;
  if (options_.config.include_local_version) options.version = version;
  FrameWriter frame(&out_);
  AppendMessageHead(dialect_, MessageType::kException, seq, &out_);
  // Cannot fail: Dump makes only what can be encoded, and of bounded size.
  brine::Encode(vinegar::Dump(ToException(error), options), Limits(), &out_).IgnoreError();
  frame.End(std::numeric_limits<uint32_t>::max()).IgnoreError();
}

void Connection::AppendReleases() {
  for (const NetrefOwner::Release& release : proxies_.TakeReleases()) {
    // REQUEST (DEL, TUPLE (LOCAL_REF id_pack, VALUE count))
    FrameWriter frame(&out_);
    AppendMessageHead(dialect_, MessageType::kRequest, EncodedInt(own_.next++), &out_);
    brine::AppendTupleHeader(2, &out_);
    brine::AppendInt(static_cast<int64_t>(Handle::kDel), &out_);
    boxing_.AppendRelease(release, &out_);
    frame.End(std::numeric_limits<uint32_t>::max()).IgnoreError();
  }
}

absl::StatusOr<Value> Connection::Request(Handle handle, Value args,
                                          std::optional<absl::Duration> timeout) {
  if (server_thread_.load() != ThreadMark()) {
    return PyStatus("RuntimeError",
                    "an object of a peer can be used only in a call that this peer has made");
  }
  if (ended()) return ConnectionEnded();
  if (own_.depth >= options_.limits.max_callback_depth) {
    return PyStatus("RecursionError", absl::StrCat("calls and callbacks nested deeper than ",
                                                   "max_callback_depth ", own_.depth));
  }
  const absl::Time deadline = absl::Now() + timeout.value_or(options_.config.sync_request_timeout);
  const int64_t seq = own_.next++;
  absl::Status sent = SendRequest(seq, handle, std::move(args));
  if (!sent.ok()) return sent;

  Answer answer;
  own_.answers[seq] = &answer;
  if (own_.depth++ == 0) activity_.BeginNested();
  absl::Status served;
  {
    const absl::Cleanup leave = [&] {
      if (--own_.depth == 0) activity_.EndNested();
      own_.answers.erase(seq);
    };
    const CallPause pause(&runner_);
    served = ServeUntil(answer, deadline);
  }
  if (answer.has_value()) return *std::move(answer);
  if (absl::IsDeadlineExceeded(served)) {
    own_.answers[seq] = nullptr;
    return PyStatus("TimeoutError", "the peer has not answered in time");
  }
  broken_ = served;
  return ConnectionEnded();
}

absl::Status Connection::SendRequest(int64_t seq, Handle handle, Value args) {
  FrameWriter frame(&out_);
  AppendMessageHead(dialect_, MessageType::kRequest, EncodedInt(seq), &out_);
  brine::AppendTupleHeader(2, &out_);
  brine::AppendInt(static_cast<int64_t>(handle), &out_);
  absl::Status boxed = boxing_.Box(std::move(args), &out_);
  if (!boxed.ok()) {
    frame.Abandon();
    return boxed;
  }
  absl::Status ended = frame.End(std::numeric_limits<uint32_t>::max());
  if (!ended.ok()) return PyStatus("OverflowError", ended.message());
  if (absl::Status flushed = Flush(); !flushed.ok()) {
    broken_ = flushed;
    return ConnectionEnded();
  }
  return absl::OkStatus();
}

// Serves the peer until `answer` has come. OK also when the peer has closed.
// Errors:  kDeadlineExceeded - not by `deadline`; any other - the connection is broken.
absl::Status Connection::ServeUntil(const Answer& answer, absl::Time deadline) {
  while (!answer.has_value()) {
    absl::StatusOr<std::optional<absl::string_view>> payload = parser_.Next();
    if (!payload.ok()) return payload.status();
    if (payload->has_value()) {
      absl::Status status = DispatchMessage(**payload);
      if (status.ok()) status = Flush();
      if (!status.ok() || ended()) return status;
      continue;
    }
    activity_.BeginRead();
    const absl::StatusOr<bool> read = Read(deadline);
    if (!read.ok()) return read.status();
    if (!*read) {
      context_.close_requested = true;  // as if it had said so
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status Connection::TakeAnswer(const MessageHead& head, brine::Reader* reader) {
  if (own_.answers.empty()) return absl::OkStatus();  // to a release
  const absl::StatusOr<Value> seq = brine::Decode(head.seq, options_.limits);
  if (!seq.ok()) return seq.status();
  const auto waiting =
      seq->AsInt() == nullptr ? own_.answers.end() : own_.answers.find(*seq->AsInt());
  if (waiting == own_.answers.end()) return absl::OkStatus();
  absl::StatusOr<Value> answer =
      head.type == MessageType::kReply ? boxing_.Unbox(reader) : reader->ReadValue();
  if (!answer.ok() && !IsPyStatus(answer.status())) return answer.status();
  if (answer.ok() && head.type == MessageType::kException) {
    answer = PyStatus(vinegar::Load(*answer));
  }
  if (waiting->second != nullptr) *waiting->second = std::move(answer);
  own_.answers.erase(waiting);
  return absl::OkStatus();
}

absl::Status Connection::Flush() {
  AppendReleases();
  if (out_.empty()) return absl::OkStatus();
  absl::Status written = stream_->Write(out_.Chunks());
  out_.Clear();
  return written;
}

}  // namespace rpyc
