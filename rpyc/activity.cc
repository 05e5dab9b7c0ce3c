#include "rpyc/activity.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/brine.h"
#include "rpyc/dialect.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {
namespace {

// A run that is the same at so many looks is a long one.
constexpr int kLooksOfLongRun = 3;
// What is read ahead at a look when the buffer is full: 1 MiB a second. A sender needs about a
// third of its send buffer freed every 3 s.
constexpr size_t kTrickleBytes = (1 << 20) / 10;
// A CLOSE is smaller than this, whatever its sequence number.
constexpr size_t kMostCloseBytes = 64;

bool IsClose(absl::string_view payload, const Limits& limits) {
  const Dialect dialect = DetectDialect(payload);
  if (dialect == Dialect::kUnknown) return false;
  brine::Reader reader(payload, limits);
  const absl::StatusOr<MessageHead> head = ReadMessageHead(dialect, &reader);
  if (!head.ok() || head->type != MessageType::kRequest || !reader.AtTuple()) return false;
  const absl::StatusOr<uint32_t> count = reader.ReadTupleHeader();
  if (!count.ok() || *count != 2 || !reader.AtSmallInt()) return false;
  const absl::StatusOr<int64_t> handle = reader.ReadInt();
  return handle.ok() && *handle == static_cast<int64_t>(Handle::kClose);
}

// An address that is this thread's alone.
const void* ThreadMark() {
  static thread_local const char mark = 0;
  return &mark;
}

}  // namespace

// Changes the state in one step: if all of `required` and none of `forbidden` is set.
bool Activity::Change(uint64_t required, uint64_t forbidden, uint64_t add, uint64_t remove) {
  uint64_t state = state_.load();
  while ((state & required) == required && (state & forbidden) == 0) {
    if (state_.compare_exchange_weak(state, (state & ~remove) + add)) return true;
  }
  return false;
}

bool Activity::MayRunLocked() const {
  return turn_waiters_ == 0 && (bound_ == nullptr || bound_ == ThreadMark());
}

bool Activity::TakeInputLocked() {
  if (!HasRoomForJobs() || !Change(0, kInput | kEnded, kInput, kTaken)) return false;
  begun_.clear();
  return true;
}

bool Activity::TakeJobLocked(Job* job) {
  if (jobs_.empty() || !MayRunLocked()) return false;
  if (!Change(0, kTurn | kEnded, kTurn + kOneDeeper + kChange, 0)) return false;
  *job = std::move(jobs_.front());
  jobs_.pop_front();
  job_bytes_.fetch_sub(job->bytes);
  return true;
}

// Wakes a waiter if there is something that one could take.
void Activity::PassOnLocked() {
  if (waiters_.empty()) return;
  if (!jobs_.empty() && bound_ != nullptr) {
    for (Waiter* waiter : waiters_) waiter->wake.Signal();
    return;
  }
  const bool input = (state_.load() & kInput) == 0 && HasRoomForJobs();
  const bool job = !jobs_.empty() && (state_.load() & kTurn) == 0 && MayRunLocked();
  if (input || job) waiters_.front()->wake.Signal();
}

void Activity::UpdateCrowdLocked() {
  const bool crowd = !waiters_.empty() || !jobs_.empty() || turn_waiters_ > 0 || bound_ != nullptr;
  if (crowd) {
    state_.fetch_or(kCrowd);
  } else {
    state_.fetch_and(~kCrowd);
  }
}

Activity::Got Activity::Wait(const PendingRequest* awaited, absl::Time deadline, Job* job) {
  if (awaited != nullptr && awaited->ready()) return Got::kAnswer;
  if (TryTakeInput()) return Got::kInput;
  MutexLock lock(&mutex_);
  Waiter waiter{.awaited = awaited, .wake = {}};
  const auto place = waiters_.insert(waiters_.end(), &waiter);
  UpdateCrowdLocked();
  Got got;
  for (bool in_time = true;;) {
    if (awaited != nullptr && awaited->ready()) {
      got = Got::kAnswer;
    } else if ((state_.load() & kEnded) != 0) {
      got = Got::kEnded;
    } else if (TakeJobLocked(job)) {
      got = Got::kJob;
    } else if (TakeInputLocked()) {
      got = Got::kInput;
    } else if (!in_time) {
      got = Got::kTimeout;
    } else {
      in_time = waiter.wake.WaitUntil(&mutex_, deadline);
      continue;
    }
    break;
  }
  waiters_.erase(place);
  UpdateCrowdLocked();
  PassOnLocked();
  return got;
}

void Activity::Answered(const PendingRequest& request) {
  // Who waits has said so before it looked whether the request is ready.
  if ((state_.load() & kCrowd) == 0) return;
  MutexLock lock(&mutex_);
  for (Waiter* waiter : waiters_) {
    if (waiter->awaited == &request) waiter->wake.Signal();
  }
}

bool Activity::BeginRun() {
  constexpr uint64_t kBegin = kTurn + kOneDeeper + kChange;
  if (Change(kInput, kTurn | kSlow, kBegin, kInput)) return true;
  MutexLock lock(&mutex_);
  if (!jobs_.empty() || !MayRunLocked() || !Change(kInput, kTurn | kEnded, kBegin, kInput)) {
    return false;
  }
  PassOnLocked();
  return true;
}

void Activity::GiveInput() {
  if (Change(kInput, kSlow, kChange, kInput)) return;
  MutexLock lock(&mutex_);
  Change(kInput, 0, kChange, kInput);
  PassOnLocked();
}

void Activity::AddJob(Job job) {
  MutexLock lock(&mutex_);
  if ((state_.load() & kEnded) != 0) return;
  job_bytes_.fetch_add(job.bytes);
  jobs_.push_back(std::move(job));
  UpdateCrowdLocked();
  PassOnLocked();
}

Activity::Jobs Activity::jobs() {
  if ((state_.load() & kCrowd) == 0) return Jobs::kNone;
  MutexLock lock(&mutex_);
  if (jobs_.empty()) return Jobs::kNone;
  return (state_.load() & kTurn) == 0 && MayRunLocked() ? Jobs::kReady : Jobs::kWaiting;
}

bool Activity::EndRun() {
  if (Change(kTurn, kInput | kSlow, kInput - kOneDeeper, kTurn)) return true;
  MutexLock lock(&mutex_);
  Change(kTurn, 0, kChange - kOneDeeper, kTurn);
  turn_free_.Signal();
  if (jobs_.empty() && TakeInputLocked()) return true;
  PassOnLocked();
  return false;
}

void Activity::Pause(bool bound) {
  if (!bound && Change(kTurn, kSlow, kChange, kTurn)) return;
  MutexLock lock(&mutex_);
  if (bound && bound_depth_++ == 0) bound_ = ThreadMark();
  Change(kTurn, 0, kChange, kTurn);
  UpdateCrowdLocked();
  turn_free_.Signal();
  PassOnLocked();
}

void Activity::Resume(bool bound) {
  if (!bound && Change(0, kTurn | kSlow, kTurn + kChange, 0)) return;
  MutexLock lock(&mutex_);
  ++turn_waiters_;
  UpdateCrowdLocked();
  while (!Change(0, kTurn, kTurn + kChange, 0)) turn_free_.Wait(&mutex_);
  --turn_waiters_;
  if (bound && --bound_depth_ == 0) bound_ = nullptr;
  UpdateCrowdLocked();
}

bool Activity::Drain() { return (state_.fetch_or(kDraining) & kDepthMask) == 0; }

bool Activity::drained() const { return (state_.load() & (kDraining | kDepthMask)) == kDraining; }

std::deque<Job> Activity::End() {
  MutexLock lock(&mutex_);
  state_.fetch_or(kEnded);
  for (Waiter* waiter : waiters_) waiter->wake.Signal();
  job_bytes_.store(0);
  return std::exchange(jobs_, {});
}

void Activity::Look() {
  uint64_t state = state_.load();
  if ((state & kTaken) != 0) {
    MutexLock lock(&mutex_);
    if ((state_.load() & kTaken) != 0) ReadAheadLocked();
    return;
  }
  const uint64_t seen = state & ~(kDraining | kCrowd);
  if ((state & (kInput | kEnded)) != 0 || (state & kDepthMask) == 0 || seen != last_look_) {
    last_look_ = seen;
    looks_ = 1;
    return;
  }
  if (++looks_ < kLooksOfLongRun) return;
  looks_ = 0;
  MutexLock lock(&mutex_);
  if (!state_.compare_exchange_strong(state, state | kTaken)) return;
  // What the parser has of the last frame tells where the next one begins.
  const absl::string_view begun = parser_->incomplete_frame();
  next_frame_ = 0;
  if (begun.size() < kFrameHeaderBytes || FrameBytes(begun) <= kMostCloseBytes) {
    begun_ = std::string(begun);
  } else {
    next_frame_ = FrameBytes(begun) - begun.size();
  }
  ReadAheadLocked();
}

void Activity::ReadAheadLocked() {
  if (input_ended_) return;
  size_t trickle = kTrickleBytes;
  for (;;) {
    const size_t held = stream_->read_ahead_bytes();
    const size_t room =
        held < limits_.max_read_ahead_bytes ? limits_.max_read_ahead_bytes - held : trickle;
    if (room == 0) break;
    const absl::StatusOr<ReadResult> read = stream_->ReadAhead(room);
    if (read.ok() && read->state == ReadResult::kWouldBlock) break;
    if (!read.ok() || read->state == ReadResult::kEof) {
      input_ended_ = true;
      // The answer may still be wanted by a peer that has only ended its own direction.
      caller_->cancelled.store(true);
      return;
    }
    if (held >= limits_.max_read_ahead_bytes) trickle -= std::min(trickle, read->bytes);
  }
  if (FindCloseLocked()) {
    input_ended_ = true;
    caller_->cancelled.store(true);
    stream_->Shutdown();
  }
}

bool Activity::FindCloseLocked() {
  const absl::string_view ahead = stream_->read_ahead();
  while (next_frame_ < ahead.size()) {
    const std::string frame = absl::StrCat(begun_, ahead.substr(next_frame_, kMostCloseBytes));
    if (frame.size() < kFrameHeaderBytes) return false;
    const size_t bytes = FrameBytes(frame);
    if (bytes <= kMostCloseBytes) {
      if (frame.size() < bytes) return false;
      const bool compressed = frame[kFrameHeaderBytes - 1] != 0;
      const absl::string_view payload = absl::string_view(frame).substr(
          kFrameHeaderBytes, bytes - kFrameHeaderBytes - kFrameTrailerBytes);
      if (!compressed && IsClose(payload, limits_)) return true;
    }
    next_frame_ += bytes - begun_.size();
    begun_.clear();
  }
  return false;
}

}  // namespace rpyc
