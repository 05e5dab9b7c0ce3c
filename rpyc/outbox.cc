#include "rpyc/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// The most bytes that may queue behind a write before Append's caller blocks in Send.
constexpr size_t kMaxQueuedBytes = 4 << 20;
// How much is read ahead while a write is blocked and the bound is reached, and how often: a peer
// that writes too dies if its write makes no progress for 3 s.
constexpr size_t kTrickleBytes = (1 << 20) / 10;
constexpr absl::Duration kTrickleInterval = absl::Milliseconds(100);

absl::Status PeerDoesNotRead() {
  return absl::DeadlineExceededError("the peer has not read in time what was sent to it");
}

// Appends what `from` holds to `to`. If memory runs out, `to` has some of it.
absl::Status AppendAll(const OutBuffer& from, OutBuffer* to) {
  return OrOutOfMemory([&] {
    for (const absl::string_view chunk : from.Chunks()) to->Append(chunk);
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status PostedFrames::Add(const OutBuffer& frame) {
  MutexLock lock(&mutex_);
  if (frame.size() > ByteBudget::kFreeBytes) {
    absl::Status charged = charge_.Resize(charged_bytes_ + frame.size());
    if (!charged.ok()) return charged;
    charged_bytes_ += frame.size();
  }
  const size_t before = frames_.size();
  absl::Status added = AppendAll(frame, &frames_);
  if (!added.ok()) frames_.Truncate(before);
  size_.store(frames_.size());
  return added;
}

absl::StatusOr<size_t> PostedFrames::MoveTo(OutBuffer* out) {
  MutexLock lock(&mutex_);
  const size_t before = out->size();
  absl::Status moved = AppendAll(frames_, out);
  if (!moved.ok()) {
    out->Truncate(before);
    return moved;
  }
  frames_.Clear();
  size_.store(0);
  charge_.ShrinkTo(0);
  return std::exchange(charged_bytes_, 0);
}

absl::Status Outbox::Append(absl::FunctionRef<absl::Status(OutBuffer*)> append) {
  absl::Status appended;
  {
    MutexLock lock(&mutex_);
    RPYC_ASSERT(IsConsistentLocked());
    MovePostedLocked();
    OutBuffer* const buffer = sending_ ? &queued_ : &out_;
    const size_t before = buffer->size();
    appended = OrOutOfMemory([&] { return append(buffer); });
    if (appended.ok() && buffer->size() - before > ByteBudget::kFreeBytes) {
      appended = ChargeLocked(buffer->size() - before);
    }
    if (!appended.ok()) buffer->Truncate(before);
    size_.store(buffer->size() - (sending_ ? 0 : written_), std::memory_order_relaxed);
  }
  SendPosted();
  return appended;
}

absl::Status Outbox::Post(const OutBuffer& frame) {
  absl::Status added = posted_.Add(frame);
  if (added.ok()) SendPosted();
  return added;
}

// Posted frames come last, so that a reference is given back only after the message that names it.
bool Outbox::MovePostedLocked() {
  if (posted_.size() == 0) return true;
  OutBuffer* const buffer = sending_ ? &queued_ : &out_;
  const absl::StatusOr<size_t> counted = posted_.MoveTo(buffer);
  if (!counted.ok()) return false;
  // What was counted is counted again, unless another connection takes that room in between.
  if (*counted > 0) ChargeLocked(*counted).IgnoreError();
  size_.store(buffer->size() - (sending_ ? 0 : written_), std::memory_order_relaxed);
  return true;
}

void Outbox::SendPosted() {
  bool taken = true;
  while (taken && posted_.size() > 0 && mutex_.TryLock()) {
    taken = SendPostedLocked();
    mutex_.Unlock();
  }
}

bool Outbox::SendPostedLocked() {
  const bool alone = !sending_ && out_.empty() && error_.ok();
  if (!MovePostedLocked()) return false;
  if (!alone || out_.empty()) return true;
  const absl::StatusOr<size_t> taken = stream_->WriteSome(out_.Chunks());
  if (!taken.ok()) {
    // The reader finds the error too, and ends the connection.
    error_ = taken.status();
  } else {
    written_ = *taken;
    RPYC_ASSERT(written_ <= out_.size());
    if (sent_bytes_ != nullptr) {
      sent_bytes_->store(
          sent_bytes_->load(std::memory_order_relaxed) + static_cast<int64_t>(*taken),
          std::memory_order_relaxed);
    }
  }
  if (!taken.ok() || written_ == out_.size()) {
    out_.Clear();
    written_ = 0;
    charged_bytes_ = 0;
    charge_.ShrinkTo(0);
  }
  size_.store(out_.size() - written_, std::memory_order_relaxed);
  return true;
}

absl::Status Outbox::ChargeLocked(size_t bytes) {
  absl::Status charged = charge_.Resize(charged_bytes_ + bytes);
  if (charged.ok()) charged_bytes_ += bytes;
  return charged;
}

bool Outbox::IsConsistentLocked() const {
  if (sending_) return true;
  return written_ <= out_.size() && (queued_.empty() || !error_.ok());
}

absl::Status Outbox::Send(absl::Time deadline, bool has_read_side) {
  absl::Status sent = SendAppended(deadline, has_read_side);
  SendPosted();
  return sent;
}

absl::Status Outbox::SendAppended(absl::Time deadline, bool has_read_side) {
  {
    MutexLock lock(&mutex_);
    MovePostedLocked();
    while (sending_) {
      if (queued_.size() < kMaxQueuedBytes) return absl::OkStatus();
      if (!sent_.WaitUntil(&mutex_, deadline)) {
        return PeerDoesNotRead();
      }
    }
    RPYC_ASSERT(IsConsistentLocked());
    if (!error_.ok() || out_.empty()) return error_;
    sending_ = true;
  }
  for (;;) {
    absl::Status written = OrOutOfMemory([&] { return Write(deadline, has_read_side); });
    MutexLock lock(&mutex_);
    RPYC_ASSERT(sending_);
    MovePostedLocked();
    if (absl::IsDeadlineExceeded(written)) {
      const absl::Status queued = AppendAll(queued_, &out_);
      queued_.Clear();
      if (!queued.ok()) written = queued;  // a part of it may be queued: no whole frame can follow
    }
    if (!absl::IsDeadlineExceeded(written)) {
      out_.Clear();
      written_ = 0;
      error_ = written;
      charged_bytes_ = std::min(charged_bytes_, queued_.size());
      charge_.ShrinkTo(charged_bytes_);
      if (written.ok() && !queued_.empty()) {
        std::swap(out_, queued_);
        continue;
      }
    }
    sending_ = false;
    RPYC_ASSERT(IsConsistentLocked());
    size_.store(out_.size() - written_, std::memory_order_relaxed);
    sent_.SignalAll();
    return written;
  }
}

absl::Status Outbox::Write(absl::Time deadline, bool has_read_side) {
  const auto chunks = out_.Chunks();
  absl::Span<const absl::string_view> rest = chunks;
  absl::string_view first = rest.front();
  bool peer_has_ended = false;
  for (size_t skip = written_; skip > 0;) {
    const size_t of_first = std::min(skip, first.size());
    first.remove_prefix(of_first);
    skip -= of_first;
    if (!first.empty()) break;
    rest.remove_prefix(1);
    first = rest.front();
  }
  for (;;) {
    // In the common case all is one chunk, and the kernel takes it.
    absl::StatusOr<size_t> taken = first.size() == rest.front().size()
                                       ? stream_->WriteSome(rest)
                                       : stream_->WriteSome(absl::MakeConstSpan(&first, 1));
    if (!taken.ok()) return std::move(taken).status();
    size_t bytes = *taken;
    written_ += bytes;
    RPYC_ASSERT(written_ <= out_.size());
    if (sent_bytes_ != nullptr) {  // only the sending thread writes it
      sent_bytes_->store(sent_bytes_->load(std::memory_order_relaxed) + static_cast<int64_t>(bytes),
                         std::memory_order_relaxed);
    }
    while (bytes >= first.size()) {
      bytes -= first.size();
      rest.remove_prefix(1);
      if (rest.empty()) return absl::OkStatus();
      first = rest.front();
    }
    first.remove_prefix(bytes);
    if (*taken == 0) {
      if (deadline == absl::InfinitePast()) return PeerDoesNotRead();
      absl::Status waited = AwaitWritable(deadline, has_read_side, &peer_has_ended);
      if (!waited.ok()) return waited;
    }
  }
}

absl::Status Outbox::AwaitWritable(absl::Time deadline, bool has_read_side, bool* peer_has_ended) {
  const bool taken = !has_read_side && !*peer_has_ended && activity_->TryTakeReadSide();
  const absl::Cleanup give = [&] {
    if (taken) activity_->ReleaseReadSideUnparsed();
  };
  const bool reads = (has_read_side || taken) && !*peer_has_ended;
  const size_t held = reads ? stream_->read_ahead_bytes() : 0;
  const bool full = held >= limits_.max_read_ahead_bytes;
  const absl::Time until =
      reads && full ? std::min(deadline, absl::Now() + kTrickleInterval) : deadline;
  const Stream::Event event = reads && !full ? Stream::Event::kEither : Stream::Event::kWritable;
  if (!stream_->Wait(event, until) && until == deadline) {
    return PeerDoesNotRead();
  }
  if (!reads) return absl::OkStatus();
  const absl::StatusOr<ReadResult> read =
      stream_->ReadAhead(full ? kTrickleBytes : limits_.max_read_ahead_bytes - held);
  // The next read of the serving thread says why.
  *peer_has_ended = !read.ok() || read->outcome == ReadResult::kEof;
  return absl::OkStatus();
}

}  // namespace rpyc
