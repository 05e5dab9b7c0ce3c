#include "rpyc/channel.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "absl/strings/str_cat.h"

namespace rpyc {
namespace {

// A first read: most messages are under 100 bytes, and every idle connection keeps this much.
constexpr size_t kFirstBytes = 256;
// Reads that fill their space grow it up to here, so that pipelined small frames come many at once.
constexpr size_t kPipelineBytes = 64 << 10;
// Offered inside a frame that claims as much, whatever has arrived of it.
constexpr size_t kInsideFrameBytes = 16 << 10;
// Up to here a large frame's space grows by 4, then by 2.
constexpr size_t kFastGrowthBytes = 1 << 20;
// A large string that is copied out of a buffer often goes right behind it, and often is a multiple
// of a page long: a few bytes further from its source than that, which is the one distance at which
// a processor copies at a third of its speed (stores are taken for what later loads want). So large
// buffers have a part of a page behind them.
constexpr size_t kLargeBytes = 16 << 10;
constexpr size_t kApartBytes = 1 << 10;
// The most that is kept between frames. A fresh MiB costs a third of what receiving it costs, in
// page faults; at 16 MiB it is a twentieth.
constexpr size_t kKeptBytes = 2 << 20;

uint32_t LoadBig32(const char* p) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(p);
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

size_t FrameBytes(absl::string_view header) {
  return kFrameHeaderBytes + LoadBig32(header.data()) + kFrameTrailerBytes;
}

// --- Buffer ---

void FrameParser::Buffer::Grow(size_t new_capacity) {
  void* grown = std::realloc(data, new_capacity + (new_capacity < kLargeBytes ? 0 : kApartBytes));
  if (grown == nullptr) throw std::bad_alloc();  // as every container here would
  data = static_cast<char*>(grown);
  capacity = new_capacity;
}

void FrameParser::Buffer::Free() {
  std::free(data);
  data = nullptr;
  capacity = 0;
}

void FrameParser::Buffer::Retire(size_t used) {
  recent_need = std::max(used, recent_need - recent_need / 8);
  if (capacity <= kPipelineBytes) return;
  if (capacity > kKeptBytes || capacity / 4 > recent_need) Free();
}

// --- FrameParser ---

FrameParser::FrameParser(const Limits& limits)
    : max_frame_bytes_(limits.max_frame_bytes),
      max_inflated_bytes_(limits.max_inflated_bytes),
      first_bytes_(kFirstBytes) {}

FrameParser::~FrameParser() {
  input_.Free();
  inflated_.Free();
}

size_t FrameParser::Header::frame_bytes() const {
  return kFrameHeaderBytes + payload_bytes + kFrameTrailerBytes;
}

std::optional<FrameParser::Header> FrameParser::HeaderAt(size_t offset) const {
  if (end_ - offset < kFrameHeaderBytes) return std::nullopt;
  const char* p = input_.data + offset;
  return Header{LoadBig32(p), p[4] != 0};
}

bool FrameParser::CompleteAt(size_t offset, const Header& header) const {
  return end_ - offset >= header.frame_bytes();
}

void FrameParser::Compact() {
  if (begin_ == 0) return;
  std::memmove(input_.data, input_.data + begin_, end_ - begin_);
  end_ -= begin_;
  tail_ -= begin_;
  begin_ = 0;
}

absl::Span<char> FrameParser::PrepareRead() {
  if (begin_ == end_ && end_ > 0) {
    input_.Retire(end_);
    inflated_.Retire(inflated_bytes_);
    inflated_bytes_ = 0;
    begin_ = end_ = tail_ = 0;
  }
  const size_t held = end_ - begin_;

  // `wanted` is the capacity that what has arrived justifies, `missing` the least useful space.
  size_t wanted = std::max(input_.capacity == 0 ? first_bytes_ : kFirstBytes, 2 * held);
  size_t missing = input_.capacity / 4;
  const std::optional<Header> header = HeaderAt(begin_);
  if (header.has_value() && header->payload_bytes <= max_frame_bytes_ &&
      !CompleteAt(begin_, *header)) {
    const size_t grown = held < kFastGrowthBytes ? 4 * held : 2 * held;
    wanted =
        std::min(header->frame_bytes(), std::max({grown, kInsideFrameBytes, input_.recent_need}));
    missing = header->frame_bytes() - held;
  }
  if (filled_ && input_.capacity < kPipelineBytes) wanted = std::max(wanted, 4 * input_.capacity);

  if (wanted > input_.capacity) {
    Compact();
    input_.Grow(std::max(wanted, kFirstBytes));
  } else if (const size_t space = input_.capacity - end_;
             space < missing || (space < input_.capacity / 2 && held <= begin_)) {
    Compact();
  }
  return absl::MakeSpan(input_.data + end_, input_.capacity - end_);
}

void FrameParser::FreeIfEmpty() {
  if (begin_ != end_) return;
  input_.Retire(end_);
  inflated_.Retire(inflated_bytes_);
  inflated_bytes_ = 0;
  begin_ = end_ = tail_ = 0;
  first_bytes_ = std::clamp(input_.recent_need, kFirstBytes, kKeptBytes);
  input_.Free();
  inflated_.Free();
}

void FrameParser::Commit(size_t bytes) {
  end_ += bytes;
  filled_ = end_ == input_.capacity;
  for (;;) {
    const std::optional<Header> header = HeaderAt(tail_);
    if (!header.has_value() || !CompleteAt(tail_, *header)) return;
    tail_ += header->frame_bytes();
  }
}

absl::StatusOr<std::optional<absl::string_view>> FrameParser::Next() {
  for (;;) {
    const std::optional<Header> header = HeaderAt(begin_);
    if (!header.has_value()) return std::nullopt;
    if (header->payload_bytes > max_frame_bytes_) {
      return absl::ResourceExhaustedError(absl::StrCat("channel: frame of ", header->payload_bytes,
                                                       " bytes exceeds ", max_frame_bytes_));
    }
    if (!CompleteAt(begin_, *header)) return std::nullopt;

    absl::string_view payload(input_.data + begin_ + kFrameHeaderBytes, header->payload_bytes);
    if (header->compressed) {
      absl::StatusOr<absl::string_view> inflated = Inflate(payload);
      if (!inflated.ok()) return std::move(inflated).status();
      payload = *inflated;
    }
    begin_ += header->frame_bytes();
    if (!payload.empty()) return payload;
  }
}

bool FrameParser::has_frame() const {
  size_t offset = begin_;
  for (;;) {
    const std::optional<Header> header = HeaderAt(offset);
    if (!header.has_value()) return false;
    if (header->payload_bytes > max_frame_bytes_) return true;
    if (!CompleteAt(offset, *header)) return false;
    if (header->payload_bytes > 0 || header->compressed) return true;
    offset += header->frame_bytes();
  }
}

absl::StatusOr<absl::string_view> FrameParser::Inflate(absl::string_view compressed) {
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) {
    return absl::ResourceExhaustedError("channel: no memory to inflate a payload");
  }
  struct Ender {
    z_stream* stream;
    ~Ender() { inflateEnd(stream); }
  } ender{&stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());

  // Space grows with what the data gives, as it might give anything. One byte beyond the limit is
  // offered, to learn whether there is one.
  const size_t most = size_t{max_inflated_bytes_} + 1;
  size_t bytes = 0;
  int result = Z_OK;
  do {
    if (bytes == inflated_.capacity) {
      inflated_.Grow(std::min(most, std::max({2 * bytes, 4 * compressed.size(), kFirstBytes})));
    }
    const size_t space =
        std::min<size_t>(inflated_.capacity - bytes, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(inflated_.data + bytes);
    stream.avail_out = static_cast<uInt>(space);
    // Z_FINISH spares the copy that inflate keeps for a next call; Z_BUF_ERROR then means that it
    // wants more space, or more input that there is not.
    result = inflate(&stream, Z_FINISH);
    bytes += space - stream.avail_out;
  } while ((result == Z_OK || result == Z_BUF_ERROR) && stream.avail_out == 0 && bytes < most);
  inflated_bytes_ = std::max(inflated_bytes_, bytes);

  if (bytes == most) {
    return absl::ResourceExhaustedError(absl::StrCat("channel: payload of ", compressed.size(),
                                                     " bytes inflates to more than ",
                                                     max_inflated_bytes_));
  }
  if (result != Z_STREAM_END) {
    return absl::InvalidArgumentError(
        absl::StrCat("channel: cannot inflate a payload of ", compressed.size(),
                     " bytes: ", stream.msg != nullptr ? stream.msg : "incomplete stream"));
  }
  if (bytes == 0) return absl::InvalidArgumentError("channel: compressed payload of no bytes");
  return absl::string_view(inflated_.data, bytes);
}

// --- FrameWriter ---

FrameWriter::FrameWriter(OutBuffer* out) : out_(out), start_(out->size()) {
  out_->AppendU32(0);   // the length, known at the end
  out_->AppendByte(0);  // not compressed
}

absl::Status FrameWriter::End(uint32_t max_frame_bytes) {
  const size_t payload_bytes = out_->size() - start_ - kFrameHeaderBytes;
  if (payload_bytes > max_frame_bytes) {
    Abandon();
    return absl::ResourceExhaustedError(
        absl::StrCat("channel: frame of ", payload_bytes, " bytes exceeds ", max_frame_bytes));
  }
  out_->PatchU32(start_, static_cast<uint32_t>(payload_bytes));
  out_->AppendByte('\n');
  return absl::OkStatus();
}

void FrameWriter::Abandon() { out_->Truncate(start_); }

}  // namespace rpyc
