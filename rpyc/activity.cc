#include "rpyc/activity.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/brine.h"
#include "rpyc/dialect.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/thread_id.h"

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
  return turn_waiters_ == 0 && (bound_ == 0 || bound_ == ThisThreadId());
}

bool Activity::TakeInputLocked() {
  if (!HasRoomForJobs() || !Change(0, kInput | kEnded, kInput, kTaken)) return false;
  begun_.clear();
  return true;
}

// A thread that neither waits nor is about to would never come for it: what is for it is then for
// any.
bool Activity::IsForThisThreadLocked(uint64_t for_thread) const {
  if (for_thread == 0 || for_thread == ThisThreadId()) return true;
  if (absl::c_linear_search(callers_, for_thread)) return false;
  return std::none_of(waiters_.begin(), waiters_.end(),
                      [&](const Waiter* waiter) { return waiter->thread == for_thread; });
}

// The first job that this thread may run.
Activity::JobList::iterator Activity::FindJobLocked() {
  if (!MayRunLocked()) return jobs_.end();
  const auto is_ours = [this](const std::unique_ptr<Job>& job) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return IsForThisThreadLocked(job->for_thread);
  };
  return std::find_if(jobs_.begin(), jobs_.end(), is_ours);
}

bool Activity::TakeJobLocked(std::unique_ptr<Job>* job) {
  const auto found = FindJobLocked();
  if (found == jobs_.end()) return false;
  if (!Change(0, kTurn | kEnded, kTurn + kOneDeeper + kChange, 0)) return false;
  *job = std::move(*found);
  jobs_.erase(found);
  job_bytes_.fetch_sub((*job)->bytes);
  return true;
}

// `has_jobs` cannot be so where nobody has the lock.
void Activity::TellIfUnattended(bool has_jobs) const {
  if (unattended_ == nullptr) return;
  const uint64_t state = state_.load();
  if ((state & (kInput | kDepthMask)) != 0) return;
  // Where jobs leave no room for more, who has the turn comes for them.
  if ((state & kEnded) == 0 && !HasRoomForJobs()) return;
  unattended_(has_jobs || (state & kUnserved) != 0);
}

// Wakes a waiter if there is something that one could take.
void Activity::PassOnLocked() {
  if (waiters_.empty()) return TellIfUnattended(!jobs_.empty());
  const bool choosy =
      bound_ != 0 || std::any_of(jobs_.begin(), jobs_.end(), [](const std::unique_ptr<Job>& job) {
        return job->for_thread != 0;
      });
  if (!jobs_.empty() && choosy) {
    for (Waiter* waiter : waiters_) waiter->wake.Signal();
    return;
  }
  const bool input = (state_.load() & kInput) == 0 && HasRoomForJobs();
  const bool job = !jobs_.empty() && (state_.load() & kTurn) == 0 && MayRunLocked();
  if (input || job) waiters_.front()->wake.Signal();
}

void Activity::UpdateCrowdLocked() {
  const bool crowd =
      !waiters_.empty() || !jobs_.empty() || turn_waiters_ > 0 || bound_ != 0 || !callers_.empty();
  if (crowd) {
    state_.fetch_or(kCrowd);
  } else {
    state_.fetch_and(~kCrowd);
  }
}

Activity::Got Activity::Wait(const PendingRequest* awaited, absl::Time deadline,
                             std::unique_ptr<Job>* job) {
  if (awaited != nullptr && awaited->ready()) return Got::kAnswer;
  if (TryTakeInput()) return Got::kInput;
  MutexLock lock(&mutex_);
  Waiter waiter{.awaited = awaited, .thread = ThisThreadId(), .wake = {}};
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

void Activity::BeginCall() {
  MutexLock lock(&mutex_);
  callers_.push_back(ThisThreadId());
  UpdateCrowdLocked();
}

void Activity::EndCall() {
  MutexLock lock(&mutex_);
  callers_.erase(absl::c_find(callers_, ThisThreadId()));
  UpdateCrowdLocked();
  PassOnLocked();
}

bool Activity::BeginRun(uint64_t for_thread) {
  constexpr uint64_t kBegin = kTurn + kOneDeeper + kChange;
  // Without kSlow nobody waits whom it could be for.
  if (Change(kInput, kTurn | kSlow, kBegin, kInput)) return true;
  MutexLock lock(&mutex_);
  if (!jobs_.empty() || !MayRunLocked() || !IsForThisThreadLocked(for_thread) ||
      !Change(kInput, kTurn | kEnded, kBegin, kInput)) {
    return false;
  }
  PassOnLocked();
  return true;
}

void Activity::GiveInput(bool unserved) {
  const uint64_t left = unserved ? kUnserved : 0;
  if (Change(kInput, kSlow, kChange + left, kInput | kUnserved)) return TellIfUnattended(false);
  MutexLock lock(&mutex_);
  Change(kInput, 0, kChange + left, kInput | kUnserved);
  PassOnLocked();
}

void Activity::AddJob(Job&& job) {
  MutexLock lock(&mutex_);
  if ((state_.load() & kEnded) != 0) return;
  job_bytes_.fetch_add(job.bytes);
  jobs_.push_back(std::make_unique<Job>(std::move(job)));
  UpdateCrowdLocked();
  PassOnLocked();
}

Activity::Jobs Activity::jobs() {
  if ((state_.load() & kCrowd) == 0) return Jobs::kNone;
  MutexLock lock(&mutex_);
  if (jobs_.empty()) return Jobs::kNone;
  const bool ready = (state_.load() & kTurn) == 0 && FindJobLocked() != jobs_.end();
  return ready ? Jobs::kReady : Jobs::kWaiting;
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
  if (bound && bound_depth_++ == 0) bound_ = ThisThreadId();
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
  if (bound && --bound_depth_ == 0) bound_ = 0;
  UpdateCrowdLocked();
}

bool Activity::drained() const {
  return (state_.load() & (kDraining | kDepthMask)) == kDraining && job_bytes_.load() == 0;
}

Activity::JobList Activity::End() {
  MutexLock lock(&mutex_);
  state_.fetch_or(kEnded);
  for (Waiter* waiter : waiters_) waiter->wake.Signal();
  job_bytes_.store(0);
  return std::exchange(jobs_, {});
}

void Activity::Look() {
  uint64_t state = state_.load();
  if ((state & kTaken) != 0) {
    idle_looks_ = 0;
    MutexLock lock(&mutex_);
    if ((state_.load() & kTaken) != 0) ReadAheadLocked();
    return;
  }
  const uint64_t seen = state & ~(kDraining | kCrowd);
  idle_looks_ = seen == last_look_ && (state & kDepthMask) == 0 ? idle_looks_ + 1 : 0;
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
  next_frame_ = parser_->skipped_bytes();
  if (next_frame_ > 0) {
    begun_.clear();
  } else if (begun.size() < kFrameHeaderBytes || FrameBytes(begun) <= kMostCloseBytes) {
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
      if (!compressed && payload.size() >= prefix_bytes_ &&
          IsClose(payload.substr(prefix_bytes_), limits_)) {
        return true;
      }
    }
    next_frame_ += bytes - begun_.size();
    begun_.clear();
  }
  return false;
}

}  // namespace rpyc
