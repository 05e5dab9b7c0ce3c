#include "rpyc/activity.h"

#include <algorithm>
#include <optional>

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

}  // namespace

bool Activity::BeginRead() {
  const uint32_t before = state_.fetch_and(~kRunning);
  if ((before & kTaken) != 0) {
    MutexLock lock(&taking_);
    state_.fetch_and(~kTaken);
    begun_.clear();
  }
  return (before & (kDraining | kNested)) == kDraining;
}

void Activity::BeginRun() { state_.fetch_add(kRunning + kRun); }

bool Activity::Drain() { return (state_.fetch_or(kDraining) & (kRunning | kNested)) == 0; }

void Activity::Look() {
  uint32_t state = state_.load();
  if ((state & kTaken) != 0) {
    MutexLock lock(&taking_);
    if ((state_.load() & kTaken) != 0) ReadAheadLocked();
    return;
  }
  const uint32_t run = state & ~(kDraining | kNested);
  if ((run & kRunning) == 0 || run != last_look_) {
    last_look_ = run;
    looks_ = 1;
    return;
  }
  if (++looks_ < kLooksOfLongRun) return;
  looks_ = 0;
  MutexLock lock(&taking_);
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
  if (ended_) return;
  size_t trickle = kTrickleBytes;
  for (;;) {
    const size_t held = stream_->read_ahead_bytes();
    const size_t room =
        held < limits_.max_read_ahead_bytes ? limits_.max_read_ahead_bytes - held : trickle;
    if (room == 0) break;
    const absl::StatusOr<ReadResult> read = stream_->ReadAhead(room);
    if (read.ok() && read->state == ReadResult::kWouldBlock) break;
    if (!read.ok() || read->state == ReadResult::kEof) {
      ended_ = true;
      // The answer may still be wanted by a peer that has only ended its own direction.
      caller_->cancelled.store(true);
      return;
    }
    if (held >= limits_.max_read_ahead_bytes) trickle -= std::min(trickle, read->bytes);
  }
  if (FindCloseLocked()) {
    ended_ = true;
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
