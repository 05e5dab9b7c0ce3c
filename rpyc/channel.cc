#include "rpyc/channel.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"

namespace rpyc {
namespace {

// The size of a first read: most messages are under 100 bytes, and every idle connection keeps this
// much.
constexpr size_t kFirstBytes = 256;
// Reads that fill their space grow it up to here, so that pipelined small frames come many at once.
constexpr size_t kPipelineBytes = 64 << 10;
// How much is offered inside a frame that claims as much, whatever has arrived of it.
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
// So much of a deflated payload is enough to inflate its first kHeadBytes.
constexpr size_t kDeflatedHeadBytes = 1 << 10;
// A frame that is longer than max_frame_bytes is read to its end, for its sender to read the
// answer, unless it is so many times as long.
constexpr size_t kMaxSkippedFactor = 16;

uint32_t LoadBig32(const char* p) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(p);
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

size_t FrameBytes(absl::string_view header) {
  return kFrameHeaderBytes + LoadBig32(header.data()) + kFrameTrailerBytes;
}

// --- Buffer ---

absl::Status FrameParser::Buffer::Grow(size_t new_capacity) {
  if (absl::Status charged = charge.Resize(new_capacity); !charged.ok()) return charged;
  void* grown = std::realloc(data, new_capacity + (new_capacity < kLargeBytes ? 0 : kApartBytes));
  if (grown == nullptr) {
    charge.ShrinkTo(capacity);
    return OutOfMemory(absl::StrCat("out of memory: there are no ", new_capacity, " bytes"));
  }
  data = static_cast<char*>(grown);
  capacity = new_capacity;
  return absl::OkStatus();
}

void FrameParser::Buffer::Free() {
  std::free(data);
  data = nullptr;
  capacity = 0;
  charge.ShrinkTo(0);
}

void FrameParser::Buffer::Retire(size_t used) {
  recent_need = std::max(used, recent_need - recent_need / 8);
  if (capacity <= kPipelineBytes) return;
  if (capacity > kKeptBytes || capacity / 4 > recent_need) Free();
}

// --- FrameParser ---

FrameParser::FrameParser(const Limits& limits, ByteBudget* first_frame_budget)
    : max_frame_bytes_(limits.max_frame_bytes),
      max_inflated_bytes_(limits.max_inflated_bytes),
      first_bytes_(kFirstBytes),
      awaits_first_frame_(first_frame_budget != nullptr) {
  input_.charge = ByteCharge(first_frame_budget);
  inflated_.charge = ByteCharge(first_frame_budget);
}

FrameParser::~FrameParser() {
  input_.Free();
  inflated_.Free();
}

bool FrameParser::IsConsistent() const {
  const bool ordered = begin_ <= last_frame_ && last_frame_ <= end_ && end_ <= input_.capacity;
  const bool skips_alone = bytes_to_skip_ == 0 || begin_ == end_;
  // Only the last frame can be incomplete, and refused before its end.
  const bool refused_is_last = refused_bytes_ == 0 || last_frame_ == begin_;
  return ordered && skips_alone && refused_is_last;
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
  last_frame_ -= begin_;
  begin_ = 0;
}

absl::Span<char> FrameParser::PrepareRead() {
  if (refused_bytes_ > 0) DropRefused();
  if (begin_ == end_ && end_ > 0) {
    input_.Retire(end_);
    inflated_.Retire(inflated_bytes_);
    inflated_bytes_ = 0;
    begin_ = end_ = last_frame_ = 0;
  }
  const size_t held = end_ - begin_;

  // What has arrived justifies a capacity of `wanted`; less space than `missing` is of no use.
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
  if (last_read_filled_space_ && input_.capacity < kPipelineBytes)
    wanted = std::max(wanted, 4 * input_.capacity);

  if (wanted > input_.capacity) {
    Compact();
    if (absl::Status grown = input_.Grow(std::max(wanted, kFirstBytes)); !grown.ok()) {
      RefuseForLackOfMemory(std::move(grown));
    }
  } else if (const size_t space = input_.capacity - end_;
             space < missing || (space < input_.capacity / 2 && held <= begin_)) {
    Compact();
  }
  RPYC_ASSERT(IsConsistent());
  return absl::MakeSpan(input_.data + end_, input_.capacity - end_);
}

[[gnu::noinline, gnu::cold]] void FrameParser::RefuseForLackOfMemory(absl::Status why) {
  if (input_.capacity == 0) {
    input_.Grow(kFirstBytes).IgnoreError();
    return;
  }
  const std::optional<Header> header = HeaderAt(begin_);
  if (!header.has_value() || CompleteAt(begin_, *header)) return;
  if (!HasHeadAt(begin_, *header)) {
    if (end_ < input_.capacity) return;
    const size_t enough = std::min(header->frame_bytes(), kInsideFrameBytes);
    if (enough > input_.capacity && input_.Grow(enough).ok()) return;
  }
  refusal_ = Refuse(*header, std::move(why));
  DropRefused();
  if (input_.capacity == 0) input_.Grow(kFirstBytes).IgnoreError();
}

bool FrameParser::HasHeadAt(size_t offset, const Header& header) const {
  const size_t head = header.compressed ? kDeflatedHeadBytes : kHeadBytes;
  return end_ - offset >= kFrameHeaderBytes + std::min<size_t>(head, header.payload_bytes);
}

// The first bytes of a payload whose beginning, `payload`, has come.
[[gnu::noinline, gnu::cold]] std::string HeadOf(absl::string_view payload, bool compressed) {
  if (!compressed) return std::string(payload.substr(0, FrameParser::kHeadBytes));
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return {};
  std::array<char, FrameParser::kHeadBytes> head;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(payload.data()));
  stream.avail_in = static_cast<uInt>(payload.size());
  stream.next_out = reinterpret_cast<Bytef*>(head.data());
  stream.avail_out = static_cast<uInt>(head.size());
  inflate(&stream, Z_SYNC_FLUSH);
  const size_t bytes = head.size() - stream.avail_out;
  inflateEnd(&stream);
  return std::string(head.data(), bytes);
}

[[gnu::noinline, gnu::cold]] absl::Status FrameParser::Refuse(const Header& header,
                                                              absl::Status why) {
  const size_t held = end_ - begin_;
  const size_t frame_bytes = header.frame_bytes();
  const absl::string_view payload(input_.data + begin_ + kFrameHeaderBytes,
                                  std::min<size_t>(held - kFrameHeaderBytes, header.payload_bytes));
  refused_head_ = HeadOf(payload, header.compressed);
  can_go_on_ = frame_bytes <= kMaxSkippedFactor * max_frame_bytes_ && IsPlausibleAt(begin_, header);
  RPYC_ASSERT(refused_bytes_ == 0);
  if (held < frame_bytes) {
    refused_bytes_ = frame_bytes;
  } else {
    begin_ += frame_bytes;
  }
  return why;
}

[[gnu::noinline, gnu::cold]] void FrameParser::DropRefused() {
  bytes_to_skip_ = skipped_bytes();
  refused_bytes_ = 0;
  begin_ = end_ = last_frame_ = 0;
  if (input_.capacity > kPipelineBytes) input_.Free();
}

bool FrameParser::IsPlausibleAt(size_t offset, const Header& header) const {
  const size_t at = offset + kFrameHeaderBytes;
  if (!header.compressed || end_ < at + 2) return true;
  const auto* const first = reinterpret_cast<const uint8_t*>(input_.data + at);
  return (first[0] & 0x0f) == Z_DEFLATED && (first[0] << 8 | first[1]) % 31 == 0;
}

[[gnu::noinline]] void FrameParser::LeaveFirstFrameBudget() {
  awaits_first_frame_ = false;
  input_.charge.MoveTo(input_.charge.budget()->parent());
  inflated_.charge.MoveTo(inflated_.charge.budget()->parent());
}

void FrameParser::FreeIfEmpty() {
  if (begin_ != end_) return;
  input_.Retire(end_);
  inflated_.Retire(inflated_bytes_);
  inflated_bytes_ = 0;
  begin_ = end_ = last_frame_ = 0;
  first_bytes_ = std::clamp(input_.recent_need, kFirstBytes, kKeptBytes);
  input_.Free();
  inflated_.Free();
}

void FrameParser::Commit(size_t bytes) {
  RPYC_ASSERT(bytes <= input_.capacity - end_);
  end_ += bytes;
  last_read_filled_space_ = end_ == input_.capacity;
  if (bytes_to_skip_ > 0) {
    const size_t skipped = std::min(bytes_to_skip_, bytes);
    bytes_to_skip_ -= skipped;
    begin_ += skipped;
    last_frame_ = begin_;
  }
  for (;;) {
    const std::optional<Header> header = HeaderAt(last_frame_);
    if (!header.has_value() || !CompleteAt(last_frame_, *header)) break;
    last_frame_ += header->frame_bytes();
  }
  RPYC_ASSERT(IsConsistent());
}

absl::StatusOr<std::optional<absl::string_view>> FrameParser::Next() {
  RPYC_ASSERT(IsConsistent());
  if (!refusal_.ok()) return std::exchange(refusal_, absl::OkStatus());
  if (refused_bytes_ > 0) DropRefused();
  for (;;) {
    const std::optional<Header> header = HeaderAt(begin_);
    if (!header.has_value()) return std::nullopt;
    if (header->payload_bytes > max_frame_bytes_) {
      if (!MayBeRefusedAt(begin_, *header)) return std::nullopt;
      return Refuse(*header, absl::ResourceExhaustedError(absl::StrCat(
                                 "channel: frame of ", header->payload_bytes,
                                 " bytes exceeds max_frame_bytes ", max_frame_bytes_)));
    }
    if (!CompleteAt(begin_, *header)) return std::nullopt;
    if (awaits_first_frame_) LeaveFirstFrameBudget();

    absl::string_view payload(input_.data + begin_ + kFrameHeaderBytes, header->payload_bytes);
    if (header->compressed) {
      absl::StatusOr<absl::string_view> inflated = Inflate(payload);
      if (!inflated.ok()) {
        if (!absl::IsResourceExhausted(inflated.status())) return std::move(inflated).status();
        return Refuse(*header, std::move(inflated).status());
      }
      payload = *inflated;
    }
    begin_ += header->frame_bytes();
    if (!payload.empty()) return payload;
  }
}

bool FrameParser::MayBeRefusedAt(size_t offset, const Header& header) const {
  return HasHeadAt(offset, header) || !IsPlausibleAt(offset, header) ||
         header.frame_bytes() > kMaxSkippedFactor * max_frame_bytes_;
}

bool FrameParser::has_frame() const {
  if (!refusal_.ok()) return true;
  if (refused_bytes_ > 0) return false;
  size_t offset = begin_;
  for (;;) {
    const std::optional<Header> header = HeaderAt(offset);
    if (!header.has_value()) return false;
    if (header->payload_bytes > max_frame_bytes_) return MayBeRefusedAt(offset, *header);
    if (!CompleteAt(offset, *header)) return false;
    if (header->payload_bytes > 0 || header->compressed) return true;
    offset += header->frame_bytes();
  }
}

absl::StatusOr<absl::string_view> FrameParser::Inflate(absl::string_view compressed) {
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) {
    return OutOfMemory("out of memory: a payload cannot be inflated");
  }
  struct Ender {
    z_stream* stream;
    ~Ender() { inflateEnd(stream); }
  } ender{&stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());

  // Space grows with what the data gives, as it might give any amount. One byte beyond the limit is
  // offered, to learn whether there is one.
  const size_t max_bytes = size_t{max_inflated_bytes_} + 1;
  size_t bytes = 0;
  int result = Z_OK;
  do {
    if (bytes == inflated_.capacity) {
      absl::Status grown = inflated_.Grow(
          std::min(max_bytes, std::max({2 * bytes, 4 * compressed.size(), kFirstBytes})));
      if (!grown.ok()) return grown;
    }
    const size_t space =
        std::min<size_t>(inflated_.capacity - bytes, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(inflated_.data + bytes);
    stream.avail_out = static_cast<uInt>(space);
    // Z_FINISH spares the copy that inflate keeps for a next call; Z_BUF_ERROR then means that it
    // wants more space, or more input that there is not.
    result = inflate(&stream, Z_FINISH);
    bytes += space - stream.avail_out;
  } while ((result == Z_OK || result == Z_BUF_ERROR) && stream.avail_out == 0 && bytes < max_bytes);
  inflated_bytes_ = std::max(inflated_bytes_, bytes);

  if (bytes == max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("channel: payload of ", compressed.size(),
                                                     " bytes inflates to more than "
                                                     "max_inflated_bytes ",
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
  RPYC_ASSERT(out_->size() >= start_ + kFrameHeaderBytes);
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
