#include "rpyc/out_buffer.h"

#include <utility>

#include "rpyc/assert.h"

namespace rpyc {
namespace {

// What Clear keeps: a batch of small replies fits, and thousands of connections can afford it.
constexpr size_t kKeptRunBytes = 4 << 10;
constexpr size_t kKeptChunks = 16;

void StoreBig32(uint32_t value, char* to) {
  to[0] = static_cast<char>(value >> 24);
  to[1] = static_cast<char>(value >> 16);
  to[2] = static_cast<char>(value >> 8);
  to[3] = static_cast<char>(value);
}

}  // namespace

void OutBuffer::AddRun() { chunks_.push_back(Chunk{std::string(), false}); }

void OutBuffer::AppendU32(uint32_t value) {
  char bytes[4];
  StoreBig32(value, bytes);
  Append(absl::string_view(bytes, sizeof(bytes)));
}

void OutBuffer::AppendU64(uint64_t value) {
  char bytes[8];
  StoreBig32(static_cast<uint32_t>(value >> 32), bytes);
  StoreBig32(static_cast<uint32_t>(value), bytes + 4);
  Append(absl::string_view(bytes, sizeof(bytes)));
}

void OutBuffer::AppendOwned(std::string&& bytes) {
  if (bytes.size() < kMoveThresholdBytes) {
    Append(bytes);
    return;
  }
  const size_t added = bytes.size();
  chunks_.push_back(Chunk{std::move(bytes), true});
  size_ += added;  // not before: push_back throws if there is no memory
}

void OutBuffer::PatchU32(size_t position, uint32_t value) {
  RPYC_ASSERT(position + sizeof(value) <= size_);
  // The search begins at the end, since what is patched was appended a moment ago.
  size_t start = size_;
  for (size_t i = chunks_.size(); i-- > 0;) {
    start -= chunks_[i].data.size();
    if (position >= start) {
      RPYC_ASSERT(position - start + sizeof(value) <= chunks_[i].data.size());
      StoreBig32(value, chunks_[i].data.data() + (position - start));
      return;
    }
  }
}

void OutBuffer::Truncate(size_t size) {
  RPYC_ASSERT(size <= size_);
  while (size_ > size) {
    RPYC_ASSERT(!chunks_.empty());
    std::string& last = chunks_.back().data;
    const size_t start = size_ - last.size();
    if (start < size) {
      last.resize(size - start);
      size_ = size;
    } else {
      size_ = start;
      chunks_.pop_back();
    }
  }
}

absl::InlinedVector<absl::string_view, 4> OutBuffer::Chunks() const {
  absl::InlinedVector<absl::string_view, 4> chunks;
  for (const Chunk& chunk : chunks_) {
    if (!chunk.data.empty()) chunks.push_back(chunk.data);
  }
  return chunks;
}

std::string OutBuffer::ToString() const {
  std::string all;
  all.reserve(size_);
  for (const Chunk& chunk : chunks_) all += chunk.data;
  return all;
}

void OutBuffer::Clear() {
  if (chunks_.empty()) return;
  if (chunks_.front().owned || chunks_.front().data.capacity() > kKeptRunBytes ||
      chunks_.capacity() > kKeptChunks) {
    std::vector<Chunk>().swap(chunks_);
    size_ = 0;
    return;
  }
  chunks_.erase(chunks_.begin() + 1, chunks_.end());
  chunks_.front().data.clear();
  size_ = 0;
}

}  // namespace rpyc
