#include "rpyc/testing/memory_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "rpyc/mutex.h"

namespace rpyc {
namespace {

// The bytes that flow towards one end.
struct Direction {
  std::string bytes;
  size_t read = 0;  // of `bytes`
  bool closed = false;
  int64_t writes = 0;
  size_t max_read_bytes = 0;
  ReadHint last_hint = ReadHint::kBetweenFrames;
};

}  // namespace

struct MemoryStream::Shared {
  mutable Mutex mutex;
  CondVar changed;
  std::array<Direction, 2> to ABSL_GUARDED_BY(mutex);  // by receiving side
};

std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MemoryStream::MakePair() {
  auto shared = std::make_shared<Shared>();
  return {std::unique_ptr<MemoryStream>(new MemoryStream(shared, 0)),
          std::unique_ptr<MemoryStream>(new MemoryStream(shared, 1))};
}

MemoryStream::MemoryStream(std::shared_ptr<Shared> shared, int side)
    : shared_(std::move(shared)), side_(side) {}

MemoryStream::~MemoryStream() { Shutdown(); }

absl::StatusOr<ReadResult> MemoryStream::ReadSome(absl::Span<char> into, ReadHint hint,
                                                  absl::Time deadline) {
  if (!ahead_.empty()) {
    const size_t bytes = std::min(into.size(), ahead_.size());
    std::memcpy(into.data(), ahead_.data(), bytes);
    ahead_.erase(0, bytes);
    return ReadResult{ReadResult::kData, bytes};
  }
  MutexLock lock(&shared_->mutex);
  Direction& in = shared_->to[side_];
  in.last_hint = hint;
  while (in.read == in.bytes.size() && !in.closed) {
    if (!shared_->changed.WaitUntil(&shared_->mutex, deadline)) {
      return ReadResult{ReadResult::kWouldBlock};
    }
  }
  size_t bytes = std::min(into.size(), in.bytes.size() - in.read);
  if (in.max_read_bytes != 0) bytes = std::min(bytes, in.max_read_bytes);
  if (bytes == 0) return ReadResult{ReadResult::kEof};
  std::memcpy(into.data(), in.bytes.data() + in.read, bytes);
  in.read += bytes;
  if (in.read == in.bytes.size()) {
    in.bytes.clear();
    in.read = 0;
  }
  return ReadResult{ReadResult::kData, bytes};
}

bool MemoryStream::Wait(Event event, absl::Time deadline) {
  if (event != Event::kReadable || !ahead_.empty()) return true;
  MutexLock lock(&shared_->mutex);
  const Direction& in = shared_->to[side_];
  while (in.read == in.bytes.size() && !in.closed) {
    if (!shared_->changed.WaitUntil(&shared_->mutex, deadline)) return false;
  }
  return true;
}

absl::StatusOr<ReadResult> MemoryStream::ReadAhead(size_t max_bytes) {
  MutexLock lock(&shared_->mutex);
  Direction& in = shared_->to[side_];
  const std::string bytes = in.bytes.substr(in.read, max_bytes);
  if (bytes.empty()) return ReadResult{in.closed ? ReadResult::kEof : ReadResult::kWouldBlock};
  ahead_ += bytes;
  in.read += bytes.size();
  return ReadResult{ReadResult::kData, bytes.size()};
}

absl::StatusOr<size_t> MemoryStream::WriteSome(absl::Span<const absl::string_view> chunks) {
  MutexLock lock(&shared_->mutex);
  Direction& out = shared_->to[1 - side_];
  if (out.closed) return absl::UnavailableError("memory stream: closed");
  size_t bytes = 0;
  for (absl::string_view chunk : chunks) {
    out.bytes.append(chunk.data(), chunk.size());
    bytes += chunk.size();
  }
  ++out.writes;
  shared_->changed.SignalAll();
  return bytes;
}

void MemoryStream::Shutdown() {
  MutexLock lock(&shared_->mutex);
  for (Direction& direction : shared_->to) direction.closed = true;
  shared_->changed.SignalAll();
}

void MemoryStream::Send(absl::string_view bytes) { WriteSome({bytes}).status().IgnoreError(); }

void MemoryStream::CloseWrite() {
  MutexLock lock(&shared_->mutex);
  shared_->to[1 - side_].closed = true;
  shared_->changed.SignalAll();
}

std::string MemoryStream::Received() {
  MutexLock lock(&shared_->mutex);
  Direction& in = shared_->to[side_];
  std::string bytes = in.bytes.substr(in.read);
  in.bytes.clear();
  in.read = 0;
  return bytes;
}

int64_t MemoryStream::peer_writes() const {
  MutexLock lock(&shared_->mutex);
  return shared_->to[side_].writes;
}

bool MemoryStream::peer_closed() const {
  MutexLock lock(&shared_->mutex);
  return shared_->to[side_].closed;
}

void MemoryStream::set_max_read_bytes(size_t bytes) {
  MutexLock lock(&shared_->mutex);
  shared_->to[side_].max_read_bytes = bytes;
}

ReadHint MemoryStream::last_hint() const {
  MutexLock lock(&shared_->mutex);
  return shared_->to[side_].last_hint;
}

}  // namespace rpyc
