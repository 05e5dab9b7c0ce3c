#include "rpyc/connection.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"
#include "rpyc/fiber.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/held_turn.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/thread_id.h"
#include "rpyc/vinegar.h"

namespace rpyc {
namespace {

// Replies that wait for the end of a batch are sent earlier when they are this many bytes.
constexpr size_t kFlushThresholdBytes = 1 << 20;

// A reply may wait for the user code of later requests once so many of a connection's pipelined
// requests in a row took no longer than this.
constexpr int kTrustedAfter = 8;
constexpr std::chrono::microseconds kQuick(20);

// What is read of a peer that does not speak RPyC, to be thrown away.
constexpr size_t kMaxUnreadBytes = 64 << 10;

// How often a thread that reads looks whether it can run a request that waits for the turn.
constexpr absl::Duration kLookForTurnInterval = absl::Milliseconds(5);

// Before each message where threads are bound: the sender's id, then that of whom it is for.
// Source:  RPyC core/protocol.py, Connection._send and _dispatch, 5.3.1 and 6.0.2.
constexpr size_t kThreadIdsBytes = 2 * sizeof(uint64_t);

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

// What a peer is told of a limit that a message of its broke.
absl::Status LimitError(const absl::Status& limit) {
  return PyStatus(IsOutOfMemory(limit) ? "MemoryError" : "ValueError", limit.message());
}

absl::Status NothingCame() {
  return absl::DeadlineExceededError("nothing came from the peer in time");
}

Dialect ConfiguredDialect(const ProtocolConfig& config) {
  if (config.dialect == 5) return Dialect::kV5;
  return config.dialect == 6 ? Dialect::kV6 : Dialect::kUnknown;
}

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, const Service* service,
                       const Options* options, std::string peer)
    : options_(*options),
      service_(*service),
      stream_(std::move(stream)),
      caller_(std::make_shared<CallContext::Caller>()),
      call_context_(caller_),
      parser_(options_.limits, options_.newcomers),
      context_{options_.config, service_, local_objects_, call_context_, nullptr},
      runner_(service_.call_policy()),
      dialect_(ConfiguredDialect(options_.config)),
      local_objects_(options_.limits.max_local_objects, service_.shared_objects()),
      proxies_(options_.limits.max_local_objects, this),
      boxing_(options_.limits, &local_objects_, &proxies_, service_.shared_objects().get()),
      activity_(options_.limits, stream_.get(), &parser_, caller_.get(),
                options_.config.bind_threads ? kThreadIdsBytes : 0),
      outbox_(options_.limits, stream_.get(), &activity_, options_.budget) {
  if (options_.budget != nullptr) stream_->UseBudget(options_.budget);
  CountIn(&own_counters_);
  caller_->peer = std::move(peer);
  caller_->connection_id = NewObjectId();
  caller_->access_rules = &options_.config;
  caller_->peer_objects = proxies_.owner();
}

Connection::~Connection() { Finish(); }

void Connection::CountIn(ConnectionCounters* counters) {
  counters_ = counters;
  counters_->dialect.store(options_.config.dialect, std::memory_order_relaxed);
  outbox_.CountIn(&counters->sent_bytes);
}

void Connection::Drain(absl::Time deadline) {
  caller_->deadline_unix_nanos.store(absl::ToUnixNanos(deadline));
  activity_.Drain();
  bool opened;
  {
    MutexLock lock(&end_mutex_);
    opened = opened_;
  }
  if (opened) EndIfDrained();  // else it finds out when it begins to serve
}

// Has the connection end if it is to and nothing is left to serve. By any thread that has no input;
// what it has appended has been sent.
void Connection::EndIfDrained() {
  if (!activity_.drained()) return;
  // A thread that reads serves what has arrived, and ends then.
  if (!activity_.TryTakeInput()) return stream_->EndReadingIfIdle();
  const bool unserved = parser_.has_frame() || stream_->has_buffered() ||
                        stream_->Wait(Stream::Event::kReadable, absl::InfinitePast());
  if (!unserved) stream_->Shutdown();
  activity_.ReturnInput();
}

void Connection::Shutdown() {
  caller_->cancelled.store(true);
  stream_->Shutdown();
}

void Connection::Introduce(std::string local, Value credentials, absl::string_view received) {
  caller_->local = std::move(local);
  caller_->credentials = std::move(credentials);
  ConnectionCounters::Add(counters_->received_bytes, static_cast<int64_t>(received.size()));
  while (!received.empty()) {
    const absl::Span<char> space = parser_.PrepareRead();
    if (space.empty()) return EndWith(OutOfMemory("out of memory"));
    const absl::string_view piece = received.substr(0, space.size());
    absl::c_copy(piece, space.begin());
    parser_.Commit(piece.size());
    received.remove_prefix(piece.size());
  }
}

absl::Status Connection::Open() {
  {
    MutexLock lock(&end_mutex_);
    opened_ = true;
  }
  counters_->open.store(true, std::memory_order_relaxed);
  if (!service_.has_hooks()) return absl::OkStatus();
  std::unique_ptr<Job> none;
  if (activity_.Wait(nullptr, absl::InfiniteFuture(), &none) != Activity::Got::kInput ||
      !activity_.BeginRun()) {
    return end_status();  // shut already
  }
  absl::Status status;
  absl::Status ran = RunUserCode([&] {
    absl::StatusOr<std::shared_ptr<Object>> root = service_.MakeRoot();
    status = root.status();
    if (!root.ok()) return;
    context_.root = *std::move(root);
    status = service_.RunOnConnect(call_context_, *context_.root);
  });
  if (activity_.EndRun()) GiveInput();
  status.Update(ran);
  if (status.ok()) return status;
  {
    MutexLock lock(&end_mutex_);
    opened_ = false;
  }
  EndWith(absl::FailedPreconditionError(status.message()));
  return end_status();
}

absl::Status Connection::ServeAll() {
  absl::Status opened = Open();
  if (opened.ok()) EndWith(WaitFor(nullptr, absl::InfiniteFuture()));
  Finish();
  return end_status();
}

bool Connection::Serve(absl::Time deadline) {
  const HeldTurn::Pause pause;
  WaitFor(nullptr, deadline).IgnoreError();
  return !ended();
}

void Connection::OnUnattended(std::function<void(Stream::Event wanted)> arm) {
  often_unattended_ = true;
  if (const Fiber* const fiber = Fiber::Current(); fiber != nullptr) home_ = fiber->loop();
  activity_.OnUnattended([this, arm = std::move(arm)](bool unserved) {
    arm(unserved          ? Stream::Event::kEither
        : outbox_.empty() ? Stream::Event::kReadable
                          : Stream::Event::kWritable);
  });
}

bool Connection::ServeArrived(int most_requests) {
  WaitFor(nullptr, absl::InfinitePast(), &most_requests).IgnoreError();
  return !ended();
}

void Connection::Close() {
  if (!ended() && dialect_.load() != Dialect::kUnknown) {
    const absl::Time deadline = absl::Now() + options_.config.sync_request_timeout;
    const bool told = AppendRequest(pending_.NextSeq(), Handle::kClose, Value::Tuple({})).ok() &&
                      Flush(/*has_input=*/false, deadline).ok();
    if (told && dialect_.load() == Dialect::kV6) Serve(deadline);
  }
  Finish();
}

void Connection::Finish() {
  EndWith(absl::OkStatus());
  proxies_.owner()->Detach();
  bool opened;
  {
    MutexLock lock(&end_mutex_);
    if (std::exchange(finished_, true)) return;
    opened = opened_;
  }
  // In the user's code: hooks and destructors.
  RunUserCode([&] {
    // What a hook throws here has nobody to go to.
    if (opened && service_.has_hooks()) {
      service_.RunOnDisconnect(call_context_, *context_.root).IgnoreError();
    }
    context_.root.reset();
    local_objects_.Clear();
  }).IgnoreError();
}

// Ends the connection, if nothing has yet.
void Connection::EndWith(absl::Status status) {
  {
    MutexLock lock(&end_mutex_);
    if (ended()) return;
    end_status_ = status;
    ended_.store(true);
  }
  caller_->cancelled.store(true);
  stream_->Shutdown();
  std::vector<std::pair<std::shared_ptr<PendingRequest>, PendingRequest::Callback>> callbacks;
  for (const std::shared_ptr<PendingRequest>& request : pending_.End()) {
    for (PendingRequest::Callback& callback : request->Answer(EndedError(status))) {
      callbacks.emplace_back(request, std::move(callback));
    }
  }
  first_frame_.Answer(EndedError(status));
  // What is dropped here is destroyed, and who waits for an answer is told, with no lock held.
  const Activity::JobList dropped = activity_.End();
  for (const auto& [request, callback] : callbacks) {
    Guarded([&, &request = request, &callback = callback] {
      callback(request->answer());
    }).IgnoreError();
  }
}

void Connection::Look() {
  activity_.Look();
  const absl::Duration idle = options_.limits.idle_timeout;
  if (often_unattended_ && idle != absl::ZeroDuration() &&
      activity_.idle_looks() * kLookInterval >= idle && !idled_out_.exchange(true)) {
    stream_->Shutdown();  // who serves finds it
  }
  LookAtFrame();
  // What breaks is found by who serves.
  if (!ended()) Flush(/*has_input=*/false, absl::InfinitePast()).IgnoreError();
}

// Shuts a connection whose frame stands still. Only while it is read: a peer that waits for a call,
// or for its replies to go, is not to blame.
void Connection::LookAtFrame() {
  if (!frame_unfinished_.load(std::memory_order_relaxed) || busy() || !outbox_.empty()) {
    frame_time_ = absl::InfiniteFuture();
    return;
  }
  const int64_t received = counters_->received_bytes.load(std::memory_order_relaxed);
  const absl::Time now = absl::Now();
  if (frame_time_ == absl::InfiniteFuture() ||
      received - frame_received_bytes_ >= Limits::kMinFrameProgressBytes) {
    frame_time_ = now;
    frame_received_bytes_ = received;
    return;
  }
  const absl::Duration timeout = options_.limits.frame_timeout;
  if (timeout == absl::ZeroDuration() || now - frame_time_ < timeout) return;
  if (!frame_timed_out_.exchange(true)) stream_->Shutdown();  // the serving thread will see EOF
}

absl::Status Connection::end_status() const {
  MutexLock lock(&end_mutex_);
  return end_status_;
}

// What requests end with that the connection does not outlive; `how` as its end_status.
absl::Status Connection::EndedError(const absl::Status& how) const {
  std::string text = absl::StrCat("the connection to ", peer().empty() ? "the peer" : peer(),
                                  " has ended", how.ok() ? "" : ": ", how.message());
  // RPyC ends a connection without a word when it cannot read what comes.
  if (left_unheard_.load()) {
    absl::StrAppend(&text, "; it hung up before it sent anything: does it speak RPyC ",
                    options_.config.dialect, ", as dialect says, ",
                    options_.config.bind_threads ? "with" : "without", " bind_threads?");
  }
  return PyStatus("EOFError", text);
}

// Where and when the service's policy wants it. Errors: it has not run, a PyStatus.
absl::Status Connection::RunUserCode(absl::FunctionRef<void()> code, uint64_t peer_thread) {
  return runner_.Run([&] {
    const HeldTurn held(&activity_, &runner_, peer_thread);
    code();
  });
}

// Does what there is to do until `awaited`, if any, is ready or the connection ends; at most so
// many requests, if they are bounded: they are counted down, and nothing is waited for then.
// Errors:  kDeadlineExceeded - neither by `deadline`, or nothing came in the idle timeout.
absl::Status Connection::WaitFor(const PendingRequest* awaited, absl::Time deadline,
                                 int* most_requests) {
  while (most_requests == nullptr || *most_requests > 0) {
    absl::Status served;
    std::unique_ptr<Job> job;
    switch (activity_.Wait(awaited, deadline, &job)) {
      case Activity::Got::kAnswer:
      case Activity::Got::kEnded:
        return absl::OkStatus();
      case Activity::Got::kTimeout:
        return NothingCame();
      case Activity::Got::kInput:
        served = ServeInput(awaited, deadline, most_requests);
        break;
      case Activity::Got::kJob:
        if (most_requests != nullptr) --*most_requests;
        served = RunJob(*job);
        if (activity_.EndRun()) {
          served.Update(ServeInput(awaited, deadline, most_requests));
        } else {
          served.Update(FlushReplies(most_requests, /*has_input=*/false));
          EndIfDrained();
        }
        break;
    }
    if (absl::IsDeadlineExceeded(served)) return served;
    if (!served.ok()) EndWith(served);
  }
  return absl::OkStatus();
}

// Where requests are bounded, leaves what the peer does not take to whoever is armed, and serves no
// more until then. What the peer sends is read ahead meanwhile: one that only writes would stand
// still, and a stock one dies of that.
absl::Status Connection::FlushReplies(int* most_requests, bool has_input) {
  if (most_requests == nullptr) return Flush(has_input);
  absl::Status flushed = Flush(has_input, absl::InfinitePast());
  if (!absl::IsDeadlineExceeded(flushed)) return flushed;
  *most_requests = 0;
  if (has_input) reads_ahead_ = ReadAhead();
  return absl::OkStatus();
}

// All that is there. False: there is no room for more, or no more comes.
bool Connection::ReadAhead() {
  const size_t most = options_.limits.max_read_ahead_bytes;
  while (stream_->read_ahead_bytes() < most) {
    const absl::StatusOr<ReadResult> read = stream_->ReadAhead(most - stream_->read_ahead_bytes());
    if (!read.ok() || read->state == ReadResult::kEof) return false;
    if (read->state == ReadResult::kWouldBlock) return true;
  }
  return false;
}

void Connection::GiveInput() {
  if (!often_unattended_) return activity_.GiveInput();
  // The next read comes only after the peer has sent more. A request that runs sends an answer.
  if (!activity_.busy()) AcknowledgeUnanswered();
  // One that drains is come back to at once, to see whether it has ended.
  const bool unserved = outbox_.empty()
                            ? parser_.has_frame() || stream_->has_buffered() || activity_.draining()
                            : std::exchange(reads_ahead_, false);
  parser_.FreeIfEmpty();
  activity_.GiveInput(unserved);
}

// Reads and serves until `awaited` is ready or another thread has got the input, which is given
// away in any case. Errors:  as WaitFor's; any other - the connection was broken, and has ended.
absl::Status Connection::ServeInput(const PendingRequest* awaited, absl::Time deadline,
                                    int* most_requests) {
  bool has_input = true;
  absl::Status served = ServeWithInput(awaited, deadline, most_requests, &has_input);
  // While nobody else can read what has broken, and find another end.
  if (!served.ok() && !absl::IsDeadlineExceeded(served)) {
    served = NameForeignPeer(std::move(served));
    EndWith(served);
  }
  if (has_input) GiveInput();
  return served;
}

// Ends the connection as soon as a first frame that is too long turns out to be another protocol's
// bytes. By the thread that has the input. OK: it has not.
[[gnu::noinline, gnu::cold]] absl::Status Connection::RefuseForeignPeer() {
  const absl::string_view first = parser_.incomplete_frame();
  if (first.size() < kFrameHeaderBytes ||
      FrameBytes(first) - kFrameHeaderBytes - kFrameTrailerBytes <=
          options_.limits.max_frame_bytes) {
    return absl::OkStatus();
  }
  absl::Status foreign = NameForeignPeer(absl::OkStatus());
  if (!foreign.ok()) EndWith(foreign);
  return foreign;
}

// Replaces `error` where the peer has turned out to speak another protocol than RPyC, and tells the
// peer so in that. By the thread that has the input.
[[gnu::noinline, gnu::cold]] absl::Status Connection::NameForeignPeer(absl::Status error) {
  const absl::string_view first = parser_.incomplete_frame();
  const bool is_all = counters_->received_bytes.load() == static_cast<int64_t>(first.size());
  if (ended() || first.empty() || !is_all) return error;
  const std::optional<ForeignProtocol> foreign =
      RecogniseForeignProtocol(first, PortProtocol::kRpyc);
  if (!foreign.has_value()) return error;
  if (!foreign->answer.empty() && outbox_.empty()) {
    const absl::string_view answer = foreign->answer;
    stream_->WriteSome(absl::MakeConstSpan(&answer, 1)).IgnoreError();
    // A socket that is closed with bytes unread is reset, and what was answered is lost.
    stream_->ReadAhead(kMaxUnreadBytes).IgnoreError();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the peer does not speak RPyC: it seems to be ", foreign->name));
}

// `has_input`: whether this thread still has the input afterwards.
absl::Status Connection::ServeWithInput(const PendingRequest* awaited, absl::Time deadline,
                                        int* most_requests, bool* has_input) {
  drained_ = false;
  bool found_all = false;  // a read of a connection that is to end found all there was
  if (most_requests != nullptr && !outbox_.empty()) {
    absl::Status flushed = FlushReplies(most_requests, *has_input);
    if (!flushed.ok() || *most_requests == 0) return flushed;
  }
  while (!ended()) {
    absl::StatusOr<std::optional<absl::string_view>> payload = parser_.Next();
    absl::Status status = payload.status();
    if (absl::IsResourceExhausted(status)) status = RefuseFrame(status, has_input);
    const bool batch_ends = !status.ok() || (payload.ok() && !payload->has_value());
    if (!batch_ends && payload.ok()) {
      status = DispatchMessage(**payload, has_input);
      if (most_requests != nullptr) --*most_requests;
    }
    const auto enough = [&] { return most_requests != nullptr && *most_requests <= 0; };
    const bool leave = !*has_input || !status.ok() || (awaited != nullptr && awaited->ready()) ||
                       !activity_.HasRoomForJobs() || enough();
    if (batch_ends || leave || outbox_.size() >= kFlushThresholdBytes) {
      // What was answered before the peer went wrong still reaches it.
      absl::Status flushed = FlushReplies(most_requests, *has_input);
      status.Update(flushed);
    }
    if (!*has_input) EndIfDrained();
    if (leave || !status.ok() || enough()) return status;
    if (!batch_ends) continue;
    // What has arrived by then is still served. A peer that never stops sending is not waited for.
    const bool ending = activity_.drained();
    if (ending && found_all) {
      EndWith(absl::OkStatus());
      return absl::OkStatus();
    }
    if (most_requests != nullptr && drained_ && !ending) return NothingCame();
    const Activity::Jobs jobs = activity_.jobs();
    if (jobs == Activity::Jobs::kReady) return absl::OkStatus();
    const absl::Time look = ending                          ? absl::InfinitePast()
                            : jobs == Activity::Jobs::kNone ? absl::InfiniteFuture()
                                                            : absl::Now() + kLookForTurnInterval;
    const absl::StatusOr<bool> read = Read(std::min(deadline, look));
    if (absl::IsDeadlineExceeded(read.status()) && ending) {
      EndWith(absl::OkStatus());
      return absl::OkStatus();
    }
    found_all = ending && drained_;
    if (absl::IsDeadlineExceeded(read.status()) && look < deadline) continue;
    if (!read.ok()) return read.status();
    if (!*read) EndWith(absl::OkStatus());
  }
  return absl::OkStatus();
}

// Has the messages acknowledged that were received last, unless something has been sent since: that
// carries an acknowledgement. Answers to our own requests are such messages, and pieces of a large
// one; until they are acknowledged a stock peer holds back what it sends next. By the thread that
// has the input, before it waits for more. An ordinary call costs no system call here.
void Connection::AcknowledgeUnanswered() {
  if (sent_at_read_ == counters_->sent_bytes.load(std::memory_order_relaxed)) {
    stream_->Acknowledge();
  }
  sent_at_read_ = kNothingToAcknowledge;
}

// Reads what comes next; false at the end of the stream.
absl::StatusOr<bool> Connection::Read(absl::Time deadline) {
  const absl::Duration idle = options_.limits.idle_timeout;
  if (deadline == absl::InfiniteFuture() && idle != absl::ZeroDuration()) {
    deadline = absl::Now() + idle;
  }
  const absl::Span<char> space = parser_.PrepareRead();
  if (space.empty()) return OutOfMemory("out of memory");
  if (parser_.has_frame()) return true;  // to be refused
  const ReadHint hint = parser_.inside_frame() ? ReadHint::kInsideFrame : ReadHint::kBetweenFrames;
  if (hint == ReadHint::kBetweenFrames) AcknowledgeUnanswered();
  absl::StatusOr<ReadResult> read = stream_->ReadSome(space, hint, deadline);
  if (!heard_ && options_.config.dialect != 0 && !ended() && !caller_->cancelled.load()) {
    left_unheard_.store(read.ok() ? read->state == ReadResult::kEof
                                  : absl::IsUnavailable(read.status()));
  }
  if (!read.ok()) return read.status();
  switch (read->state) {
    case ReadResult::kData:
      heard_ = true;
      parser_.Commit(read->bytes);
      ConnectionCounters::Add(counters_->received_bytes, static_cast<int64_t>(read->bytes));
      frame_unfinished_.store(parser_.inside_frame(), std::memory_order_relaxed);
      if (parser_.inside_frame()) {
        if (absl::Status foreign = RefuseForeignPeer(); !foreign.ok()) return foreign;
      }
      sent_at_read_ = counters_->sent_bytes.load(std::memory_order_relaxed);
      drained_ = read->drained;
      return true;
    case ReadResult::kWouldBlock:
      return NothingCame();
    case ReadResult::kEof:
      if (idled_out_.load()) EndWith(NothingCame());
      if (frame_timed_out_.load()) {
        EndWith(absl::ResourceExhaustedError(
            absl::StrCat("a frame has begun, and of its rest fewer than ",
                         Limits::kMinFrameProgressBytes, " bytes came within frame_timeout ",
                         absl::FormatDuration(options_.limits.frame_timeout))));
      }
      break;
  }
  if (parser_.inside_frame()) {
    return absl::UnavailableError(absl::StrCat("the peer left in the middle of a frame, after ",
                                               parser_.buffered_bytes(), " bytes of it"));
  }
  return false;
}

// The peer's first message tells the dialect.
[[gnu::noinline]] absl::Status Connection::TakeDialect(absl::string_view payload) {
  const Dialect dialect = DetectDialect(payload);
  if (dialect == Dialect::kUnknown) {
    return absl::InvalidArgumentError(absl::StrCat("not RPyC: the first payload begins with byte ",
                                                   static_cast<uint8_t>(payload[0])));
  }
  dialect_.store(dialect);
  counters_->dialect.store(dialect == Dialect::kV6 ? 6 : 5, std::memory_order_relaxed);
  first_frame_.Answer(Value());
  activity_.Answered(first_frame_);
  return absl::OkStatus();
}

// Answers the message whose frame has been refused, if its head tells which it is. By the thread
// that has the input. Errors:  the connection is broken.
[[gnu::noinline, gnu::cold]] absl::Status Connection::RefuseFrame(const absl::Status& why,
                                                                  bool* has_input) {
  absl::string_view head = parser_.refused_head();
  Job job;
  if (options_.config.bind_threads) {
    if (head.size() <= kThreadIdsBytes) return why;
    job.peer_thread = LoadBig64(head);
    head.remove_prefix(kThreadIdsBytes);
  }
  if (head.empty()) return why;
  if (dialect_.load(std::memory_order_relaxed) == Dialect::kUnknown) {
    absl::Status told = TakeDialect(head);
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
    if (request != nullptr) status = Deliver(request, LimitError(why), has_input);
  }
  status.Update(parser_.can_go_on() ? absl::OkStatus() : why);
  return status;
}

// Why `payload` has no head that can be read, which is `error` unless it is of another dialect.
[[gnu::noinline, gnu::cold]] absl::Status Connection::HeadError(absl::string_view payload,
                                                                absl::Status error) const {
  const Dialect spoken = DetectDialect(payload);
  if (spoken == dialect_.load() || spoken == Dialect::kUnknown) return error;
  return absl::InvalidArgumentError(
      absl::StrCat("the peer speaks the dialect of RPyC ", spoken == Dialect::kV6 ? "6" : "5",
                   ", and the configuration says another: dialect ", options_.config.dialect));
}

// By the thread that has the input; `has_input` says whether it still has it afterwards.
// Errors:  the connection is broken.
absl::Status Connection::DispatchMessage(absl::string_view payload, bool* has_input) {
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
    absl::Status told = TakeDialect(payload);
    if (!told.ok()) return told;
  }
  job.charge = ByteCharge(options_.budget);
  brine::Reader reader(payload, options_.limits, &job.charge);
  absl::StatusOr<MessageHead> head =
      ReadMessageHead(dialect_.load(std::memory_order_relaxed), &reader);
  if (!head.ok()) return HeadError(payload, std::move(head).status());
  if (head->type != MessageType::kRequest) return DispatchAnswer(*head, &reader, has_input);
  job.seq = std::string(head->seq);
  return DispatchRequest(job, &reader, has_input);
}

absl::Status Connection::DispatchRequest(Job& job, brine::Reader* reader, bool* has_input) {
  absl::Status status = OrOutOfMemory([&] { return ReadRequest(reader, &job); });
  if (!status.ok()) {
    if (absl::IsResourceExhausted(status)) status = LimitError(status);
    if (!IsPyStatus(status)) return status;
    ReplyException(job, status);
    return absl::OkStatus();
  }
  if (job.row->number == Handle::kClose) {  // has no answer, and waits for nobody
    Flush(/*has_input=*/true).IgnoreError();
    EndWith(HowItCloses(job));
    return absl::OkStatus();
  }
  if (job.row->runs_user_code) {
    // A peer that waits for each answer pays for no clock.
    job.pipelined = !outbox_.empty() || parser_.has_frame();
    if (job.pipelined && quick_in_a_row_.load(std::memory_order_relaxed) < kTrustedAfter) {
      absl::Status flushed = Flush(/*has_input=*/true, absl::InfinitePast());
      if (!flushed.ok() && !absl::IsDeadlineExceeded(flushed)) return flushed;
    }
  }
  return RunOrKeep(job, has_input);
}

// How the connection ends with the peer's CLOSE, `job`. A client of rpyc-ng 7 looks like one of
// RPyC 6 until it has asked for the root, whose identity it cannot read: it can only close then.
// One of RPyC asks what the root's class has. Source:  rpyc-ng core/protocol.py,
// Connection.__unbox, 7.0.15.
[[gnu::noinline, gnu::cold]] absl::Status Connection::HowItCloses(const Job& job) const {
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

// Runs `job` now, if it can have the turn, or leaves it to who can.
absl::Status Connection::RunOrKeep(Job& job, bool* has_input) {
  if (!activity_.BeginRun(job.for_thread)) {
    activity_.AddJob(std::move(job));
    return absl::OkStatus();
  }
  absl::Status ran = RunJob(job);
  *has_input = activity_.EndRun();
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

// By the thread that has the turn. Errors:  the connection is broken.
absl::Status Connection::RunJob(Job& job) {
  if (job.row == nullptr) {
    // Destroys it too: who serves keeps the job for long. An executor that drops it has nobody to
    // tell.
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
  const bool quick = std::chrono::steady_clock::now() - start <= kQuick;
  const int before = quick_in_a_row_.load(std::memory_order_relaxed);
  quick_in_a_row_.store(quick ? std::min(before + 1, kTrustedAfter) : 0, std::memory_order_relaxed);
  return result;
}

absl::StatusOr<Value> Connection::Run(Job& job) {
  if (job.row->runs_user_code && runner_.has_policy()) return RunByPolicy(job);
  const HeldTurn held(&activity_, &runner_, job.peer_thread);
  absl::StatusOr<Value> result =
      OrOutOfMemory([&] { return RunHandler(*job.row, context_, job.args); });
  job.args.clear();  // destructors are user code too
  return result;
}

// Not inlined, as what is rare in general: methods run on top of these frames, and an idle
// connection keeps the pages of stack that it has touched.
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
                                        bool* has_input) {
  const absl::StatusOr<Value> seq = brine::Decode(head.seq, options_.limits);
  if (!seq.ok()) return seq.status();
  const std::shared_ptr<PendingRequest> request =
      seq->AsInt() == nullptr ? nullptr : pending_.Take(*seq->AsInt());
  if (request == nullptr) return absl::OkStatus();  // to a release, or to nothing
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
  broken.Update(Deliver(request, std::move(answer), has_input));
  return broken;
}

// Answers a request of ours, and has what waits for that run.
absl::Status Connection::Deliver(const std::shared_ptr<PendingRequest>& request,
                                 absl::StatusOr<Value> answer, bool* has_input) {
  std::vector<PendingRequest::Callback> callbacks = request->Answer(std::move(answer));
  activity_.Answered(*request);
  if (callbacks.empty()) return absl::OkStatus();
  Job job;
  job.callback = [request, callbacks = std::move(callbacks)] {
    for (const PendingRequest::Callback& callback : callbacks) {
      // What it throws has nobody to go to.
      Guarded([&] { callback(request->answer()); }).IgnoreError();
    }
  };
  return RunOrKeep(job, has_input);
}

absl::Status Connection::Flush(bool has_input, absl::Time deadline) {
  AppendReleases();
  if (outbox_.empty()) return absl::OkStatus();
  return outbox_.Send(deadline, has_input);
}

}  // namespace rpyc
