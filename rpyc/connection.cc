#include "rpyc/connection.h"

#include <algorithm>
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

namespace rpyc {
namespace {

// Replies that wait for the end of a batch are sent earlier when they are this many bytes.
constexpr size_t kFlushThresholdBytes = 1 << 20;

// What is read of a peer that does not speak RPyC, to be thrown away.
constexpr size_t kMaxUnreadBytes = 64 << 10;

// How often a thread that reads looks whether it can run a request that waits for the turn.
constexpr absl::Duration kLookForTurnInterval = absl::Milliseconds(5);

absl::Status NothingCame() {
  return absl::DeadlineExceededError("nothing came from the peer in time");
}

Dialect ConfiguredDialect(const ProtocolConfig& config) {
  if (config.dialect == 5) return Dialect::kV5;
  return config.dialect == 6 ? Dialect::kV6 : Dialect::kUnknown;
}

// A connection that held so many objects leaves enough memory behind for it to be given back to the
// machine; about how much each of them took.
constexpr size_t kManyObjects = 10'000;
constexpr size_t kObjectBytes = 256;

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
  UseCounters(&own_counters_);
  caller_->peer = std::move(peer);
  caller_->connection_id = NewObjectId();
  caller_->access_rules = &options_.config;
  caller_->peer_objects = proxies_.owner();
  caller_->translations = service_.translations();
}

Connection::~Connection() { Finish(); }

void Connection::UseCounters(ConnectionCounters* counters) {
  counters_ = counters;
  counters_->dialect.store(options_.config.dialect, std::memory_order_relaxed);
  outbox_.UseCounter(&counters->sent_bytes);
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
  if (const Fiber* const fiber = Fiber::Current(); fiber != nullptr) owning_loop_ = fiber->loop();
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
    const size_t dropped = local_objects_.Clear().size();
    if (options_.budget != nullptr && dropped >= kManyObjects) {
      options_.budget->NoteFreed(dropped * kObjectBytes);
    }
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
  for (const auto& [seq, request] : pending_.End()) {
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

absl::Status Connection::Flush(bool has_input, absl::Time deadline) {
  AppendReleases();
  if (outbox_.empty()) return absl::OkStatus();
  return outbox_.Send(deadline, has_input);
}

}  // namespace rpyc
