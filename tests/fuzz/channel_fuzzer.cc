// This fuzzes frames from a peer: however the bytes arrive, the payloads and the end must be the
// same.
//
// The input is 8 bytes that seed the sizes of the pieces, and then the stream.

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "rpyc/channel.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/golden/vectors.h"

namespace rpyc::fuzz {
namespace {

constexpr size_t kSeedBytes = 8;
constexpr uint32_t kMaxFrameBytes = 8 << 10;
constexpr uint32_t kMaxInflatedBytes = 32 << 10;
// A parser may hold at most this: the frame and as much again for what follows it, or a buffer for
// pipelined frames; and the inflated payload.
constexpr size_t kMaxCapacityBytes = 2 * (64 << 10) + 2 * kMaxInflatedBytes;

Limits SmallLimits() {
  Limits limits;
  limits.max_frame_bytes = kMaxFrameBytes;
  limits.max_inflated_bytes = kMaxInflatedBytes;
  return limits;
}

struct Outcome {
  std::vector<std::string> payloads;
  absl::StatusCode end = absl::StatusCode::kOk;
  bool inside_frame = false;

  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.payloads == b.payloads && a.end == b.end && a.inside_frame == b.inside_frame;
  }
};

// Takes every complete frame; returns false at an error.
bool TakeFrames(FrameParser* parser, Outcome* outcome) {
  for (;;) {
    const bool has_frame = parser->has_frame();
    const absl::StatusOr<std::optional<absl::string_view>> payload = parser->Next();
    Check(has_frame == (!payload.ok() || payload->has_value()), "has_frame foretells Next");
    if (!payload.ok()) {
      outcome->end = payload.status().code();
      return false;
    }
    if (!payload->has_value()) return true;
    Check(!(*payload)->empty(), "no payload is empty");
    Check((*payload)->size() <= kMaxInflatedBytes, "max_inflated_bytes");
    outcome->payloads.emplace_back(**payload);
  }
}

// `next_piece` says how many bytes arrive next, at least 1.
template <typename NextPiece>
Outcome Parse(absl::string_view stream, NextPiece next_piece) {
  const Limits limits = SmallLimits();
  FrameParser parser(limits);
  Outcome outcome;
  while (!stream.empty()) {
    const absl::Span<char> space = parser.PrepareRead();
    Check(!space.empty(), "there is space to read into");
    Check(parser.capacity_bytes() <= kMaxCapacityBytes, "the parser's memory");
    const size_t bytes = std::min({space.size(), stream.size(), next_piece()});
    std::memcpy(space.data(), stream.data(), bytes);
    std::memset(space.data() + bytes, 0xA5, space.size() - bytes);  // the parser must ignore it
    parser.Commit(bytes);
    stream.remove_prefix(bytes);
    if (!TakeFrames(&parser, &outcome)) return outcome;
    Check(parser.inside_frame() == (parser.buffered_bytes() != 0),
          "half a frame is all that is kept");
  }
  outcome.inside_frame = parser.inside_frame();
  return outcome;
}

// Checks that the payloads survive in frames of our own.
void CheckWriter(const std::vector<std::string>& payloads) {
  OutBuffer out;
  for (const std::string& payload : payloads) {
    FrameWriter frame(&out);
    out.Append(payload);
    if (payload.size() > kMaxFrameBytes) {
      frame.Abandon();
    } else {
      Check(frame.End(kMaxFrameBytes).ok(), "a frame within the limit is written");
    }
  }
  std::vector<std::string> expected;
  for (const std::string& payload : payloads) {
    if (payload.size() <= kMaxFrameBytes) expected.push_back(payload);
  }
  const std::string stream = out.ToString();
  const Outcome outcome = Parse(stream, [] { return size_t{1000}; });
  Check(
      outcome.payloads == expected && outcome.end == absl::StatusCode::kOk && !outcome.inside_frame,
      "what was written is read");
}

// Makes a frame around the zlib stream of `payload`; `tail` follows the stream within the frame.
std::string Compressed(const std::string& payload, int level, absl::string_view tail = "") {
  std::vector<Bytef> packed(compressBound(payload.size()));
  uLongf size = packed.size();
  compress2(packed.data(), &size, reinterpret_cast<const Bytef*>(payload.data()), payload.size(),
            level);
  std::string body(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
  body.append(tail.data(), tail.size());
  OutBuffer out;
  out.AppendU32(static_cast<uint32_t>(body.size()));
  out.AppendByte(1);
  out.Append(body);
  out.AppendByte('\n');
  return out.ToString();
}

}  // namespace

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  std::string all(kSeedBytes, '\7');
  for (const GoldenVector& vector : ReadGoldenVectors("frame_vectors.json")) {
    const std::string frame = absl::HexStringToBytes(vector.at("v6"));
    seeds.push_back(std::string(kSeedBytes, '\1') + frame);
    all += frame;
  }
  seeds.push_back(all);
  // These are an empty frame, a compressed empty frame, an empty frame before another, a false
  // trailer and a length of 4 GiB.
  for (const char* hex : {"0000000000"
                          "0a",
                          "0000000001"
                          "0a",
                          "00000000000a"
                          "0000000100"
                          "51"
                          "0a",
                          "0000000100"
                          "51"
                          "ff"
                          "0000000100"
                          "52"
                          "0a",
                          "ffffffff00", "ffffffff01", "0000200100",
                          "0000200000"
                          "51"}) {
    seeds.push_back(std::string(kSeedBytes, '\3') + absl::HexStringToBytes(hex));
  }
  // These inflate to the limit, inflate past it, are stored uncompressed, and have more behind the
  // end.
  const std::string start(kSeedBytes, '\5');
  seeds.push_back(start + Compressed(std::string(kMaxInflatedBytes, 'x'), 9));
  seeds.push_back(start + Compressed(std::string(kMaxInflatedBytes + 1, 'x'), 9));
  seeds.push_back(start + Compressed("stored", 0) + Compressed("a", 1) + Compressed("", 1));
  seeds.push_back(start + Compressed("tail", 1, "more") + Compressed(all, 6));
  return seeds;
}

}  // namespace rpyc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rpyc::fuzz;
  if (size < kSeedBytes) return 0;
  uint64_t state = 0;
  std::memcpy(&state, data, kSeedBytes);
  const absl::string_view stream = Text(data + kSeedBytes, size - kSeedBytes);

  const Outcome whole = Parse(stream, [&] { return stream.size(); });
  // The pieces are of all orders of magnitude: a byte, a header, a frame.
  const Outcome pieces = Parse(stream, [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return size_t{1} + (state >> 40) % (size_t{1} << (state >> 61) * 2);
  });
  Check(whole == pieces, "the same frames in whatever pieces");
  if (stream.size() <= 512) Check(whole == Parse(stream, [] { return size_t{1}; }), "byte by byte");
  CheckWriter(whole.payloads);
  return 0;
}
