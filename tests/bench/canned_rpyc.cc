#include "tests/bench/canned_rpyc.h"

#include <zlib.h>

#include <cstdint>
#include <cstring>

#include "rpyc/brine_format.h"
#include "rpyc/channel.h"
#include "rpyc/protocol_constants.h"

namespace rpyc::bench {
namespace {

using namespace std::string_view_literals;

constexpr size_t kFirstBytes = 4 << 10;

// These are boxed values: (LABEL_VALUE, 3), (LABEL_VALUE, None), (LABEL_VALUE, ()).
constexpr absl::string_view kThree("\x11\x51\x53", 3);
constexpr absl::string_view kNone("\x11\x51\x00", 3);
constexpr absl::string_view kEmpty("\x11\x51\x02", 3);
// This begins (LABEL_VALUE, ...); the value follows.
constexpr absl::string_view kBoxed("\x11\x51", 2);
// This is (LABEL_REMOTE_REF, ("root", 1, 2)).
constexpr absl::string_view kRoot("\x11\x54\x12\x08\x0droot\x51\x52", 11);
// This is (LABEL_REMOTE_REF, ("builtins.method", 3, id)) without its last byte. A Python client has
// a class of that name ready and asks nothing more about it.
constexpr absl::string_view kMethod(
    "\x11\x54\x12\x08\x0e\x0f"
    "builtins.method"
    "\x53",
    22);
constexpr char kAddId = brine::kTagSmallIntZero + 4;
constexpr char kEchoId = brine::kTagSmallIntZero + 5;

uint32_t LoadBig32(const char* p) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(p);
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

// Appends a reply frame: `head` is the type's two bytes and the sequence number; a boxed value
// follows.
void AppendReply(absl::string_view head, absl::string_view boxed, absl::string_view tail,
                 std::string* out) {
  const auto size = static_cast<uint32_t>(head.size() + boxed.size() + tail.size());
  const char header[kFrameHeaderBytes] = {static_cast<char>(size >> 24),
                                          static_cast<char>(size >> 16),
                                          static_cast<char>(size >> 8), static_cast<char>(size), 0};
  out->append(header, sizeof(header));
  out->append(head.data(), head.size());
  out->append(boxed.data(), boxed.size());
  out->append(tail.data(), tail.size());
  out->push_back('\n');
}

}  // namespace

absl::Span<char> CannedRpyc::PrepareRead() {
  size_t wanted = kFirstBytes;
  if (filled_ >= kFrameHeaderBytes) {
    wanted = kFrameHeaderBytes + LoadBig32(input_.data()) + kFrameTrailerBytes;
  }
  if (input_.size() < wanted) input_.resize(wanted);
  if (filled_ == input_.size()) input_.resize(2 * filled_);
  return absl::MakeSpan(input_).subspan(filled_);
}

void CannedRpyc::Commit(size_t bytes, std::string* out) {
  filled_ += bytes;
  size_t at = 0;
  while (filled_ - at >= kFrameHeaderBytes) {
    const char* frame = input_.data() + at;
    const size_t size = LoadBig32(frame);
    if (filled_ - at < kFrameHeaderBytes + size + kFrameTrailerBytes) break;
    const absl::string_view payload(frame + kFrameHeaderBytes, size);
    Answer(frame[4] != 0 ? Inflate(payload) : payload, out);
    at += kFrameHeaderBytes + size + kFrameTrailerBytes;
  }
  if (at > 0) std::memmove(input_.data(), input_.data() + at, filled_ - at);
  filled_ -= at;
}

absl::string_view CannedRpyc::Inflate(absl::string_view compressed) {
  if (inflated_.size() < 4 * compressed.size()) inflated_.resize(4 * compressed.size());
  for (;;) {
    uLongf size = inflated_.size();
    const int result =
        uncompress(reinterpret_cast<Bytef*>(inflated_.data()), &size,
                   reinterpret_cast<const Bytef*>(compressed.data()), compressed.size());
    if (result == Z_OK) return absl::string_view(inflated_.data(), size);
    if (result != Z_BUF_ERROR || inflated_.size() >= size_t{1} << 30) return "";
    inflated_.resize(2 * inflated_.size());
  }
}

void CannedRpyc::Answer(absl::string_view payload, std::string* out) {
  if (payload.size() < 6) return;
  // In dialect 5, (type, seq, ...) is 0x12, type; in dialect 6 it is type, and (seq, ...) is 0x11.
  const bool v5 = payload[0] == 0x12;
  constexpr char kRequest = static_cast<char>(MessageType::kRequest);
  if (v5 ? payload[1] != brine::kTagSmallIntZero + kRequest : payload[0] != kRequest) return;
  const size_t seq_size = payload[2] == brine::kTagIntU8 ? 2 + static_cast<uint8_t>(payload[3]) : 1;
  if (payload.size() < 2 + seq_size + 2) return;
  std::string head(v5 ? "\x12\x52"sv : "\x02\x11"sv);
  head.append(payload.data() + 2, seq_size);

  absl::string_view request = payload.substr(2 + seq_size);  // (handler, boxed arguments)
  const auto handler = static_cast<Handle>(request[1] - brine::kTagSmallIntZero);
  request.remove_prefix(2);
  switch (handler) {
    case Handle::kClose:
      closed_ = true;
      return;
    case Handle::kGetRoot:
      return AppendReply(head, kRoot, "", out);
    case Handle::kGetAttr: {
      const bool echo = request.find("echo") != absl::string_view::npos;
      return AppendReply(head, kMethod, absl::string_view(echo ? &kEchoId : &kAddId, 1), out);
    }
    case Handle::kInspect:
      return AppendReply(head, kEmpty, "", out);
    case Handle::kPing:  // (LABEL_VALUE, (data,))
      if (request.size() < 4) break;
      return AppendReply(head, kBoxed, request.substr(3), out);
    case Handle::kCallAttr:
      // This request is (LABEL_TUPLE, (root, (LABEL_VALUE, "add"), (LABEL_VALUE, args),
      // (LABEL_VALUE, ()))).
      if (request.find("add") == absl::string_view::npos) break;
      return AppendReply(head, kThree, "", out);
    case Handle::kCall: {
      // This request is (LABEL_TUPLE, ((LABEL_LOCAL_REF, method), (LABEL_VALUE, args),
      // (LABEL_VALUE, ()))).
      const size_t id = 5 + kMethod.size() - 2;
      if (request.size() <= id) break;
      if (request[id] == kAddId) return AppendReply(head, kThree, "", out);
      const size_t data = id + 1 + 2 + 1;  // args is a 1-tuple
      if (request.size() < data + kEmpty.size()) break;
      return AppendReply(head, kBoxed, request.substr(data, request.size() - data - kEmpty.size()),
                         out);
    }
    default:
      break;
  }
  AppendReply(head, kNone, "", out);
}

}  // namespace rpyc::bench
