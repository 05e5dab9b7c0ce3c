#include "rpyc/activity.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/assert.h"
#include "rpyc/brine.h"
#include "rpyc/dialect.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/thread_id.h"

namespace rpyc {
namespace {

// A run that is the same at so many ticks is a long one.
constexpr int kTicksOfLongRun = 3;
// What is read ahead at a tick when the buffer is full: 1 MiB a second. A sender needs about a
// third of its send buffer freed every 3 s.
constexpr size_t kTrickleBytes = (1 << 20) / 10;
// A CLOSE is smaller than this, whatever its sequence number.
constexpr size_t kMaxCloseBytes = 64;

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

bool Activity::IsConsistent(uint64_t state) {
  // After the end, hooks and destructors run without the run lock, and may yield and retake it.
  if ((state & kEnded) != 0) return true;
  const bool one_reader = (state & kReadSideHeld) == 0 || (state & kWatcherReads) == 0;
  const bool lock_is_of_a_run = (state & kRunLockHeld) == 0 || DepthOf(state) > 0;
  return one_reader && lock_is_of_a_run;
}

bool Activity::TryChange(uint64_t required, uint64_t forbidden, uint64_t add, uint64_t remove) {
  uint64_t state = state_.load();
  while ((state & required) == required && (state & forbidden) == 0) {
    const uint64_t changed = (state & ~remove) + add;
    RPYC_ASSERT(IsConsistent(changed));
    if (state_.compare_exchange_weak(state, changed)) return true;
  }
  return false;
}

bool Activity::MayRunLocked() const {
  return run_lock_waiters_ == 0 && (bound_thread_ == 0 || bound_thread_ == ThisThreadId());
}

bool Activity::TakeReadSideLocked() {
  if (!HasRoomForJobs() || !TryChange(0, kReadSideHeld | kEnded, kReadSideHeld, kWatcherReads)) {
    return false;
  }
  frame_prefix_.clear();
  return true;
}

bool Activity::IsForThisThreadLocked(uint64_t for_thread) const {
  if (for_thread == 0 || for_thread == ThisThreadId()) return true;
  if (absl::c_linear_search(calling_threads_, for_thread)) return false;
  return std::none_of(waiters_.begin(), waiters_.end(),
                      [&](const Waiter* waiter) { return waiter->thread == for_thread; });
}

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
  if (!TryChange(0, kRunLockHeld | kEnded, kRunLockHeld + kOneRun + kOneChange, 0)) return false;
  *job = std::move(*found);
  jobs_.erase(found);
  const size_t bytes_before = job_bytes_.fetch_sub((*job)->bytes);
  RPYC_ASSERT(bytes_before >= (*job)->bytes);
  RPYC_ASSERT(!jobs_.empty() || bytes_before == (*job)->bytes);
  return true;
}

void Activity::NotifyIfIdle(bool has_jobs) const {
  if (on_idle_ == nullptr) return;
  const uint64_t state = state_.load();
  if ((state & (kReadSideHeld | kDepthMask)) != 0) return;
  // Where jobs leave no room for more, the thread with the run lock will take them.
  if ((state & kEnded) == 0 && !HasRoomForJobs()) return;
  on_idle_(has_jobs || (state & kUnserved) != 0);
}

void Activity::WakeWaiterLocked() {
  if (waiters_.empty()) return NotifyIfIdle(!jobs_.empty());
  const bool some_job_is_bound =
      bound_thread_ != 0 ||
      std::any_of(jobs_.begin(), jobs_.end(),
                  [](const std::unique_ptr<Job>& job) { return job->for_thread != 0; });
  if (!jobs_.empty() && some_job_is_bound) {
    for (Waiter* waiter : waiters_) waiter->wake.Signal();
    return;
  }
  const bool may_read = (state_.load() & kReadSideHeld) == 0 && HasRoomForJobs();
  const bool may_run = !jobs_.empty() && (state_.load() & kRunLockHeld) == 0 && MayRunLocked();
  if (may_read || may_run) waiters_.front()->wake.Signal();
}

void Activity::UpdateContendedLocked() {
  const bool contended = !waiters_.empty() || !jobs_.empty() || run_lock_waiters_ > 0 ||
                         bound_thread_ != 0 || !calling_threads_.empty();
  if (contended) {
    state_.fetch_or(kContended);
  } else {
    state_.fetch_and(~kContended);
  }
}

Activity::WaitResult Activity::Wait(const PendingRequest* awaited, absl::Time deadline,
                                    std::unique_ptr<Job>* job) {
  if (awaited != nullptr && awaited->ready()) return WaitResult::kAnswered;
  if (TryTakeReadSide()) return WaitResult::kMayRead;
  MutexLock lock(&mutex_);
  Waiter waiter{.awaited = awaited, .thread = ThisThreadId(), .wake = {}};
  const auto place = waiters_.insert(waiters_.end(), &waiter);
  UpdateContendedLocked();
  WaitResult got;
  for (bool in_time = true;;) {
    if (awaited != nullptr && awaited->ready()) {
      got = WaitResult::kAnswered;
    } else if ((state_.load() & kEnded) != 0) {
      got = WaitResult::kEnded;
    } else if (TakeJobLocked(job)) {
      got = WaitResult::kMayRun;
    } else if (TakeReadSideLocked()) {
      got = WaitResult::kMayRead;
    } else if (!in_time) {
      got = WaitResult::kTimeout;
    } else {
      in_time = waiter.wake.WaitUntil(&mutex_, deadline);
      continue;
    }
    break;
  }
  waiters_.erase(place);
  UpdateContendedLocked();
  WakeWaiterLocked();
  return got;
}

void Activity::NotifyAnswered(const PendingRequest& request) {
  // A thread that waits has set kContended before it checked whether the request is ready.
  if ((state_.load() & kContended) == 0) return;
  MutexLock lock(&mutex_);
  for (Waiter* waiter : waiters_) {
    if (waiter->awaited == &request) waiter->wake.Signal();
  }
}

void Activity::BeginCall() {
  MutexLock lock(&mutex_);
  calling_threads_.push_back(ThisThreadId());
  UpdateContendedLocked();
}

void Activity::EndCall() {
  MutexLock lock(&mutex_);
  const auto call = absl::c_find(calling_threads_, ThisThreadId());
  RPYC_ASSERT(call != calling_threads_.end());
  calling_threads_.erase(call);
  UpdateContendedLocked();
  WakeWaiterLocked();
}

bool Activity::BeginRun(uint64_t for_thread) {
  constexpr uint64_t kBegin = kRunLockHeld + kOneRun + kOneChange;
  RPYC_ASSERT((state_.load() & kReadSideHeld) != 0);
  // If kNeedsMutex is not set, no other thread is waiting for this job.
  if (TryChange(kReadSideHeld, kRunLockHeld | kNeedsMutex, kBegin, kReadSideHeld)) return true;
  MutexLock lock(&mutex_);
  if (!jobs_.empty() || !MayRunLocked() || !IsForThisThreadLocked(for_thread) ||
      !TryChange(kReadSideHeld, kRunLockHeld | kEnded, kBegin, kReadSideHeld)) {
    return false;
  }
  WakeWaiterLocked();
  return true;
}

void Activity::ReleaseReadSide(bool unserved) {
  const uint64_t left = unserved ? kUnserved : 0;
  if (TryChange(kReadSideHeld, kNeedsMutex, kOneChange + left, kReadSideHeld | kUnserved)) {
    return NotifyIfIdle(/*has_jobs=*/false);
  }
  MutexLock lock(&mutex_);
  const bool released = TryChange(kReadSideHeld, 0, kOneChange + left, kReadSideHeld | kUnserved);
  RPYC_ASSERT(released);
  WakeWaiterLocked();
}

void Activity::AddJob(Job&& job) {
  MutexLock lock(&mutex_);
  if ((state_.load() & kEnded) != 0) return;
  job_bytes_.fetch_add(job.bytes);
  jobs_.push_back(std::make_unique<Job>(std::move(job)));
  UpdateContendedLocked();
  WakeWaiterLocked();
}

Activity::Jobs Activity::jobs() {
  if ((state_.load() & kContended) == 0) return Jobs::kNone;
  MutexLock lock(&mutex_);
  if (jobs_.empty()) return Jobs::kNone;
  const bool ready = (state_.load() & kRunLockHeld) == 0 && FindJobLocked() != jobs_.end();
  return ready ? Jobs::kReady : Jobs::kWaiting;
}

bool Activity::EndRun() {
  RPYC_ASSERT(busy());
  if (TryChange(kRunLockHeld, kReadSideHeld | kNeedsMutex, kReadSideHeld - kOneRun, kRunLockHeld)) {
    return true;
  }
  MutexLock lock(&mutex_);
  const bool released = TryChange(kRunLockHeld, 0, kOneChange - kOneRun, kRunLockHeld);
  RPYC_ASSERT(released || (state_.load() & kEnded) != 0);
  run_lock_free_.Signal();
  if (jobs_.empty() && TakeReadSideLocked()) return true;
  WakeWaiterLocked();
  return false;
}

void Activity::YieldRunLock(bool bound) {
  if (!bound && TryChange(kRunLockHeld, kNeedsMutex, kOneChange, kRunLockHeld)) return;
  MutexLock lock(&mutex_);
  if (bound && bound_depth_++ == 0) bound_thread_ = ThisThreadId();
  const bool yielded = TryChange(kRunLockHeld, 0, kOneChange, kRunLockHeld);
  RPYC_ASSERT(yielded || (state_.load() & kEnded) != 0);
  UpdateContendedLocked();
  run_lock_free_.Signal();
  WakeWaiterLocked();
}

void Activity::RetakeRunLock(bool bound) {
  if (!bound && TryChange(0, kRunLockHeld | kNeedsMutex, kRunLockHeld + kOneChange, 0)) return;
  MutexLock lock(&mutex_);
  ++run_lock_waiters_;
  UpdateContendedLocked();
  while (!TryChange(0, kRunLockHeld, kRunLockHeld + kOneChange, 0)) run_lock_free_.Wait(&mutex_);
  --run_lock_waiters_;
  RPYC_ASSERT(run_lock_waiters_ >= 0);
  RPYC_ASSERT(!bound || bound_depth_ > 0);
  if (bound && --bound_depth_ == 0) bound_thread_ = 0;
  UpdateContendedLocked();
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

void Activity::Tick() {
  uint64_t state = state_.load();
  if ((state & kWatcherReads) != 0) {
    idle_ticks_ = 0;
    MutexLock lock(&mutex_);
    if ((state_.load() & kWatcherReads) != 0) ReadAheadLocked();
    return;
  }
  const uint64_t seen = state & ~(kDraining | kContended);
  idle_ticks_ = seen == last_tick_state_ && (state & kDepthMask) == 0 ? idle_ticks_ + 1 : 0;
  if ((state & (kReadSideHeld | kEnded)) != 0 || (state & kDepthMask) == 0 ||
      seen != last_tick_state_) {
    last_tick_state_ = seen;
    same_run_ticks_ = 1;
    return;
  }
  if (++same_run_ticks_ < kTicksOfLongRun) return;
  same_run_ticks_ = 0;
  MutexLock lock(&mutex_);
  if (!state_.compare_exchange_strong(state, state | kWatcherReads)) return;
  // What the parser has of the last frame says where the next one begins.
  const absl::string_view frame_prefix = parser_->incomplete_frame();
  next_frame_offset_ = parser_->skipped_bytes();
  if (next_frame_offset_ > 0) {
    frame_prefix_.clear();
  } else if (frame_prefix.size() < kFrameHeaderBytes ||
             FrameBytes(frame_prefix) <= kMaxCloseBytes) {
    frame_prefix_ = std::string(frame_prefix);
  } else {
    next_frame_offset_ = FrameBytes(frame_prefix) - frame_prefix.size();
  }
  ReadAheadLocked();
}

void Activity::ReadAheadLocked() {
  if (peer_has_ended_) return;
  size_t trickle = kTrickleBytes;
  for (;;) {
    const size_t held = stream_->read_ahead_bytes();
    const size_t room =
        held < limits_.max_read_ahead_bytes ? limits_.max_read_ahead_bytes - held : trickle;
    if (room == 0) break;
    const absl::StatusOr<ReadResult> read = stream_->ReadAhead(room);
    if (read.ok() && read->outcome == ReadResult::kWouldBlock) break;
    if (!read.ok() || read->outcome == ReadResult::kEof) {
      peer_has_ended_ = true;
      // The answer may still be wanted by a peer that has only ended its own direction.
      caller_->cancelled.store(true);
      return;
    }
    if (held >= limits_.max_read_ahead_bytes) trickle -= std::min(trickle, read->bytes);
  }
  if (FindCloseLocked()) {
    peer_has_ended_ = true;
    caller_->cancelled.store(true);
    stream_->Shutdown();
  }
}

bool Activity::FindCloseLocked() {
  const absl::string_view ahead = stream_->read_ahead();
  while (next_frame_offset_ < ahead.size()) {
    const std::string frame =
        absl::StrCat(frame_prefix_, ahead.substr(next_frame_offset_, kMaxCloseBytes));
    if (frame.size() < kFrameHeaderBytes) return false;
    const size_t bytes = FrameBytes(frame);
    if (bytes <= kMaxCloseBytes) {
      if (frame.size() < bytes) return false;
      const bool compressed = frame[kFrameHeaderBytes - 1] != 0;
      const absl::string_view payload = absl::string_view(frame).substr(
          kFrameHeaderBytes, bytes - kFrameHeaderBytes - kFrameTrailerBytes);
      if (!compressed && payload.size() >= prefix_bytes_ &&
          IsClose(payload.substr(prefix_bytes_), limits_)) {
        return true;
      }
    }
    next_frame_offset_ += bytes - frame_prefix_.size();
    frame_prefix_.clear();
  }
  return false;
}

}  // namespace rpyc
