#include "rpyc/connection.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"
#include "rpyc/fiber.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/held_run_lock.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

// Replies that wait for the end of a batch are sent earlier when they are this many bytes.
constexpr size_t kFlushThresholdBytes = 1 << 20;

// How much is read, and thrown away, of a peer that does not speak RPyC.
constexpr size_t kMaxUnreadBytes = 64 << 10;

// How often a thread that reads checks whether it can run a request that waits for the run lock.
constexpr absl::Duration kRetryRunLockInterval = absl::Milliseconds(5);

absl::Status NothingCame() {
  return absl::DeadlineExceededError("nothing came from the peer in time");
}

Dialect ConfiguredDialect(const ProtocolConfig& config) {
  if (config.dialect == 5) return Dialect::kV5;
  return config.dialect == 6 ? Dialect::kV6 : Dialect::kUnknown;
}

// A connection that held so many objects leaves behind enough memory to be worth giving back to the
// machine; each of them took about kObjectBytes.
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
      parser_(options_.limits, options_.first_frame_budget),
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
  if (opened) EndIfDrained();  // else ServeUntil does, once it serves
}

void Connection::EndIfDrained() {
  if (!activity_.drained()) return;
  // A thread that reads serves what has arrived, and ends then.
  if (!activity_.TryTakeReadSide()) return stream_->EndReadingIfIdle();
  const bool unserved = parser_.has_frame() || stream_->has_buffered() ||
                        stream_->Wait(Stream::Event::kReadable, absl::InfinitePast());
  if (!unserved) stream_->Shutdown();
  activity_.ReleaseReadSideUnparsed();
}

void Connection::Shutdown() {
  caller_->cancelled.store(true);
  stream_->Shutdown();
}

void Connection::SetPeerIdentity(std::string local, Value credentials, absl::string_view received) {
  caller_->local = std::move(local);
  caller_->credentials = std::move(credentials);
  ConnectionCounters::Add(counters_->received_bytes, static_cast<int64_t>(received.size()));
  while (!received.empty()) {
    const absl::Span<char> space = parser_.PrepareRead();
    if (space.empty()) return End(OutOfMemory("out of memory"));
    const absl::string_view piece = received.substr(0, space.size());
    absl::c_copy(piece, space.begin());
    parser_.Commit(piece.size());
    received.remove_prefix(piece.size());
  }
}

absl::Status Connection::Open() {
  {
    MutexLock lock(&end_mutex_);
    RPYC_ASSERT(!opened_);
    opened_ = true;
  }
  counters_->open.store(true, std::memory_order_relaxed);
  if (!service_.has_hooks()) return absl::OkStatus();
  std::unique_ptr<Job> none;
  if (activity_.Wait(nullptr, absl::InfiniteFuture(), &none) != Activity::WaitResult::kMayRead ||
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
  if (activity_.EndRun()) ReleaseReadSide();
  status.Update(ran);
  if (status.ok()) return status;
  {
    MutexLock lock(&end_mutex_);
    opened_ = false;
  }
  End(absl::FailedPreconditionError(status.message()));
  return end_status();
}

absl::Status Connection::ServeAll() {
  absl::Status opened = Open();
  if (opened.ok()) End(ServeUntil(nullptr, absl::InfiniteFuture()));
  Finish();
  return end_status();
}

bool Connection::Serve(absl::Time deadline) {
  const HeldRunLock::Yield yield;
  ServeUntil(nullptr, deadline).IgnoreError();
  return !ended();
}

void Connection::OnIdle(std::function<void(Stream::Event wanted)> arm) {
  shared_threads_ = true;
  if (const Fiber* const fiber = Fiber::Current(); fiber != nullptr) owning_loop_ = fiber->loop();
  activity_.OnIdle([this, arm = std::move(arm)](bool unserved) {
    arm(unserved          ? Stream::Event::kEither
        : outbox_.empty() ? Stream::Event::kReadable
                          : Stream::Event::kWritable);
  });
}

bool Connection::ServeArrived(int request_budget) {
  ServeUntil(nullptr, absl::InfinitePast(), &request_budget).IgnoreError();
  return !ended();
}

void Connection::Close() {
  if (!ended() && dialect_.load() != Dialect::kUnknown) {
    const absl::Time deadline = absl::Now() + options_.config.sync_request_timeout;
    const bool told = AppendRequest(pending_.NextSeq(), Handle::kClose, Value::Tuple({})).ok() &&
                      Flush(/*has_read_side=*/false, deadline).ok();
    if (told && dialect_.load() == Dialect::kV6) Serve(deadline);
  }
  Finish();
}

void Connection::Finish() {
  End(absl::OkStatus());
  RPYC_ASSERT(ended());
  proxies_.owner()->Detach();
  bool opened;
  {
    MutexLock lock(&end_mutex_);
    if (std::exchange(finished_, true)) return;
    opened = opened_;
  }
  // Hooks and destructors are user code.
  RunUserCode([&] {
    // No caller is there to be told what a hook throws here.
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

void Connection::End(absl::Status how) {
  {
    MutexLock lock(&end_mutex_);
    if (ended()) return;
    end_status_ = how;
    ended_.store(true);
  }
  caller_->cancelled.store(true);
  stream_->Shutdown();
  std::vector<std::pair<std::shared_ptr<PendingRequest>, PendingRequest::Callback>> callbacks;
  for (const auto& [seq, request] : pending_.End()) {
    for (PendingRequest::Callback& callback : request->Answer(EndedError(how))) {
      callbacks.emplace_back(request, std::move(callback));
    }
  }
  first_frame_.Answer(EndedError(how));
  // With no lock held, the jobs are destroyed and the callbacks run: both are user code.
  const Activity::JobList dropped = activity_.End();
  for (const auto& [request, callback] : callbacks) {
    Guarded([&, &request = request, &callback = callback] {
      callback(request->answer());
    }).IgnoreError();
  }
}

void Connection::Tick() {
  activity_.Tick();
  const absl::Duration idle = options_.limits.idle_timeout;
  if (shared_threads_ && idle != absl::ZeroDuration() &&
      activity_.idle_ticks() * kTickInterval >= idle && !idle_timed_out_.exchange(true)) {
    stream_->Shutdown();  // the serving thread will see EOF
  }
  CheckFrameProgress();
  // The serving thread finds what is broken.
  if (!ended()) Flush(/*has_read_side=*/false, absl::InfinitePast()).IgnoreError();
}

// A frame is timed only while it is read: a peer that waits for a call, or for its replies to go,
// is not to blame.
void Connection::CheckFrameProgress() {
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

absl::Status Connection::EndedError(const absl::Status& how) const {
  std::string text = absl::StrCat("the connection to ", peer().empty() ? "the peer" : peer(),
                                  " has ended", how.ok() ? "" : ": ", how.message());
  // RPyC ends a connection without a word when it cannot read what comes.
  if (peer_hung_up_silently_.load()) {
    absl::StrAppend(&text, "; it hung up before it sent anything: does it speak RPyC ",
                    options_.config.dialect, ", as dialect says, ",
                    options_.config.bind_threads ? "with" : "without", " bind_threads?");
  }
  return PyStatus("EOFError", text);
}

absl::Status Connection::RunUserCode(absl::FunctionRef<void()> code, uint64_t peer_thread) {
  return runner_.Run([&] {
    const HeldRunLock held(&activity_, &runner_, peer_thread);
    code();
  });
}

absl::Status Connection::ServeUntil(const PendingRequest* awaited, absl::Time deadline,
                                    int* request_budget) {
  while (request_budget == nullptr || *request_budget > 0) {
    absl::Status served;
    std::unique_ptr<Job> job;
    switch (activity_.Wait(awaited, deadline, &job)) {
      case Activity::WaitResult::kAnswered:
      case Activity::WaitResult::kEnded:
        return absl::OkStatus();
      case Activity::WaitResult::kTimeout:
        return NothingCame();
      case Activity::WaitResult::kMayRead:
        served = ServeReadSide(awaited, deadline, request_budget);
        break;
      case Activity::WaitResult::kMayRun:
        RPYC_ASSERT(job != nullptr);
        if (request_budget != nullptr) --*request_budget;
        served = RunJob(*job);
        if (activity_.EndRun()) {
          served.Update(ServeReadSide(awaited, deadline, request_budget));
        } else {
          served.Update(FlushReplies(request_budget, /*has_read_side=*/false));
          EndIfDrained();
        }
        break;
    }
    if (absl::IsDeadlineExceeded(served)) return served;
    if (!served.ok()) End(served);
  }
  return absl::OkStatus();
}

// What the peer sends is read ahead while it takes no replies: a peer that only writes would stand
// still, and a stock one dies of that.
absl::Status Connection::FlushReplies(int* request_budget, bool has_read_side) {
  if (request_budget == nullptr) return Flush(has_read_side);
  absl::Status flushed = Flush(has_read_side, absl::InfinitePast());
  if (!absl::IsDeadlineExceeded(flushed)) return flushed;
  *request_budget = 0;
  if (has_read_side) wants_read_ahead_ = ReadAhead();
  return absl::OkStatus();
}

bool Connection::ReadAhead() {
  const size_t max_bytes = options_.limits.max_read_ahead_bytes;
  while (stream_->read_ahead_bytes() < max_bytes) {
    const absl::StatusOr<ReadResult> read =
        stream_->ReadAhead(max_bytes - stream_->read_ahead_bytes());
    if (!read.ok() || read->outcome == ReadResult::kEof) return false;
    if (read->outcome == ReadResult::kWouldBlock) return true;
  }
  return false;
}

void Connection::ReleaseReadSide() {
  if (!shared_threads_) return activity_.ReleaseReadSide();
  // The next read comes only after the peer has sent more. A request that runs sends an answer.
  if (!activity_.busy()) AcknowledgeUnlessSent();
  // A connection that drains is served again at once, to see whether it has ended.
  const bool unserved = outbox_.empty()
                            ? parser_.has_frame() || stream_->has_buffered() || activity_.draining()
                            : std::exchange(wants_read_ahead_, false);
  parser_.FreeIfEmpty();
  activity_.ReleaseReadSide(unserved);
}

absl::Status Connection::ServeReadSide(const PendingRequest* awaited, absl::Time deadline,
                                       int* request_budget) {
  bool has_read_side = true;
  absl::Status served = ServeReadSideLoop(awaited, deadline, request_budget, &has_read_side);
  // Before the read side is released: another reader could find another end in what has broken.
  if (!served.ok() && !absl::IsDeadlineExceeded(served)) {
    served = NameForeignPeer(std::move(served));
    End(served);
  }
  if (has_read_side) ReleaseReadSide();
  return served;
}

[[gnu::noinline, gnu::cold]] absl::Status Connection::RefuseForeignPeer() {
  const absl::string_view first = parser_.incomplete_frame();
  if (first.size() < kFrameHeaderBytes ||
      FrameBytes(first) - kFrameHeaderBytes - kFrameTrailerBytes <=
          options_.limits.max_frame_bytes) {
    return absl::OkStatus();
  }
  absl::Status foreign = NameForeignPeer(absl::OkStatus());
  if (!foreign.ok()) End(foreign);
  return foreign;
}

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

absl::Status Connection::ServeReadSideLoop(const PendingRequest* awaited, absl::Time deadline,
                                           int* request_budget, bool* has_read_side) {
  last_read_found_all_ = false;
  bool found_all = false;  // the connection is to end, and the last read found all there was
  if (request_budget != nullptr && !outbox_.empty()) {
    absl::Status flushed = FlushReplies(request_budget, *has_read_side);
    if (!flushed.ok() || *request_budget == 0) return flushed;
  }
  while (!ended()) {
    absl::StatusOr<std::optional<absl::string_view>> payload = parser_.Next();
    absl::Status status = payload.status();
    if (absl::IsResourceExhausted(status)) status = RefuseFrame(status, has_read_side);
    const bool batch_ends = !status.ok() || (payload.ok() && !payload->has_value());
    if (!batch_ends && payload.ok()) {
      status = DispatchMessage(**payload, has_read_side);
      if (request_budget != nullptr) --*request_budget;
    }
    const auto budget_used = [&] { return request_budget != nullptr && *request_budget <= 0; };
    const bool leave = !*has_read_side || !status.ok() ||
                       (awaited != nullptr && awaited->ready()) || !activity_.HasRoomForJobs() ||
                       budget_used();
    if (batch_ends || leave || outbox_.size() >= kFlushThresholdBytes) {
      // What was answered before the peer went wrong still reaches it.
      absl::Status flushed = FlushReplies(request_budget, *has_read_side);
      status.Update(flushed);
    }
    if (!*has_read_side) EndIfDrained();
    if (leave || !status.ok() || budget_used()) return status;
    if (!batch_ends) continue;
    // What has arrived by now is still served. A peer that never stops sending is not waited for.
    const bool ending = activity_.drained();
    if (ending && found_all) {
      End(absl::OkStatus());
      return absl::OkStatus();
    }
    if (request_budget != nullptr && last_read_found_all_ && !ending) return NothingCame();
    const Activity::Jobs jobs = activity_.jobs();
    if (jobs == Activity::Jobs::kReady) return absl::OkStatus();
    const absl::Time retry_at = ending ? absl::InfinitePast()
                                : jobs == Activity::Jobs::kNone
                                    ? absl::InfiniteFuture()
                                    : absl::Now() + kRetryRunLockInterval;
    const absl::StatusOr<bool> read = Read(std::min(deadline, retry_at));
    if (absl::IsDeadlineExceeded(read.status()) && ending) {
      End(absl::OkStatus());
      return absl::OkStatus();
    }
    found_all = ending && last_read_found_all_;
    if (absl::IsDeadlineExceeded(read.status()) && retry_at < deadline) continue;
    if (!read.ok()) return read.status();
    if (!*read) End(absl::OkStatus());
  }
  return absl::OkStatus();
}

// What is sent carries an acknowledgement. Answers to our own requests, and pieces of a large
// message, have nothing sent for them; until they are acknowledged a stock peer holds back what it
// sends next. An ordinary call costs no system call here.
void Connection::AcknowledgeUnlessSent() {
  if (sent_bytes_at_last_read_ == counters_->sent_bytes.load(std::memory_order_relaxed)) {
    stream_->Acknowledge();
  }
  sent_bytes_at_last_read_ = kNothingToAcknowledge;
}

absl::StatusOr<bool> Connection::Read(absl::Time deadline) {
  const absl::Duration idle = options_.limits.idle_timeout;
  if (deadline == absl::InfiniteFuture() && idle != absl::ZeroDuration()) {
    deadline = absl::Now() + idle;
  }
  const absl::Span<char> space = parser_.PrepareRead();
  if (space.empty()) return OutOfMemory("out of memory");
  if (parser_.has_frame()) return true;  // to be refused
  const ReadHint hint = parser_.inside_frame() ? ReadHint::kInsideFrame : ReadHint::kBetweenFrames;
  if (hint == ReadHint::kBetweenFrames) AcknowledgeUnlessSent();
  absl::StatusOr<ReadResult> read = stream_->ReadSome(space, hint, deadline);
  if (!received_anything_ && options_.config.dialect != 0 && !ended() &&
      !caller_->cancelled.load()) {
    peer_hung_up_silently_.store(read.ok() ? read->outcome == ReadResult::kEof
                                           : absl::IsUnavailable(read.status()));
  }
  if (!read.ok()) return read.status();
  switch (read->outcome) {
    case ReadResult::kData:
      RPYC_ASSERT(read->bytes > 0 && read->bytes <= space.size());
      received_anything_ = true;
      parser_.Commit(read->bytes);
      ConnectionCounters::Add(counters_->received_bytes, static_cast<int64_t>(read->bytes));
      frame_unfinished_.store(parser_.inside_frame(), std::memory_order_relaxed);
      if (parser_.inside_frame()) {
        if (absl::Status foreign = RefuseForeignPeer(); !foreign.ok()) return foreign;
      }
      sent_bytes_at_last_read_ = counters_->sent_bytes.load(std::memory_order_relaxed);
      last_read_found_all_ = read->drained;
      return true;
    case ReadResult::kWouldBlock:
      return NothingCame();
    case ReadResult::kEof:
      if (idle_timed_out_.load()) End(NothingCame());
      if (frame_timed_out_.load()) {
        End(absl::ResourceExhaustedError(
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

absl::Status Connection::Flush(bool has_read_side, absl::Time deadline) {
  AppendReleases();
  if (outbox_.empty()) return absl::OkStatus();
  return outbox_.Send(deadline, has_read_side);
}

}  // namespace rpyc
