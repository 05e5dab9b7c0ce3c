// This fuzzes brine from a peer: what can be read, and what comes of it.

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "rpyc/brine.h"
#include "rpyc/id_pack.h"
#include "rpyc/limits.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/value.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/golden/vectors.h"

namespace rpyc::fuzz {
namespace {

// The limits are small enough for inputs of a few hundred bytes to reach every one.
Limits TightLimits() {
  Limits limits;
  limits.max_decoded_bytes = 4 << 10;
  limits.max_nesting = 5;
  limits.max_int_digits = 25;
  return limits;
}

// Error messages, and what containers cost besides what is charged, take this much.
constexpr size_t kSlackBytes = 1 << 10;

int Depth(const Value& value) {
  int depth = 0;
  for (const Value& item : value.items()) depth = std::max(depth, Depth(item));
  const bool container = value.IsTuple() || value.kind() == Value::Kind::kSlice ||
                         value.kind() == Value::Kind::kFrozenset;
  return container ? depth + 1 : 0;
}

void CheckInts(const Value& value, const Limits& limits) {
  for (const Value& item : value.items()) CheckInts(item, limits);
  const BigInt* big = value.AsBigInt();
  if (big == nullptr) return;
  const size_t digits = big->decimal.size() - (big->decimal[0] == '-' ? 1 : 0);
  Check(digits >= 19 && digits <= static_cast<size_t>(limits.max_int_digits),
        "digits of a big int");
  Check(big->decimal[big->decimal.size() - digits] != '0', "no leading zeros");
}

// Encodes again what was decoded: both directions must agree, and once more must change nothing.
void CheckStable(const Value& value, const Limits& limits) {
  const absl::StatusOr<std::string> encoded = brine::EncodeToString(value, limits);
  Check(encoded.ok(), "what was decoded can be encoded");
  brine::Reader reader(*encoded, limits);
  const absl::StatusOr<Value> again = reader.ReadValue();
  Check(again.ok(), "what was encoded can be decoded");
  Check(reader.rest().empty(), "an encoding is one value");
  Check(*again == value, "decode(encode(value)) == value");
  const absl::StatusOr<std::string> twice = brine::EncodeToString(*again, limits);
  Check(twice.ok() && *twice == *encoded, "encode(decode(encoded)) == encoded");

  OutBuffer out;  // this kind of OutBuffer may move strings out of the value
  Check(brine::Encode(*again, limits, &out).ok() && out.ToString() == *encoded, "Encode by value");
  Check(value.by_value(), "what was decoded travels by value");
  Check(value.DebugString(64).size() <= 64 + 3, "a message's text is bounded");
}

void CheckReader(absl::string_view input, const Limits& limits) {
  brine::Reader reader(input, limits);
  size_t peak = 0;
  absl::StatusOr<Value> value;
  {
    AllocationMeter meter;
    value = reader.ReadValue();
    peak = meter.peak_bytes();
  }
  Check(peak <= limits.max_decoded_bytes + kSlackBytes,
        "decoding takes no more memory than max_decoded_bytes");

  brine::Reader skipper(input, limits);
  const absl::StatusOr<absl::string_view> skipped = skipper.SkipValue();
  if (!value.ok()) {
    const absl::StatusCode code = value.status().code();
    Check(
        code == absl::StatusCode::kInvalidArgument || code == absl::StatusCode::kResourceExhausted,
        "the codes of refusals");
    return;
  }
  Check(skipped.ok(), "what can be read can be skipped");
  Check(skipped->size() == reader.position() && skipper.position() == reader.position(),
        "as many bytes are skipped as are read");
  Check(Depth(*value) <= limits.max_nesting, "max_nesting");
  CheckInts(*value, limits);
  CheckStable(*value, limits);
}

// Checks that the readers of single values, which never make a Value, say the same as the reader
// that does.
void CheckShortcuts(absl::string_view input) {
  const Limits limits;
  const absl::StatusOr<Value> value = brine::Decode(input, limits);
  const absl::StatusOr<int64_t> number = brine::Reader(input, limits).ReadInt();
  Check(number.ok() == (value.ok() && value->AsInt() != nullptr), "ReadInt");
  if (number.ok()) Check(*number == *value->AsInt(), "ReadInt's value");
  const absl::StatusOr<absl::string_view> text = brine::Reader(input, limits).ReadStr();
  Check(text.ok() == (value.ok() && value->AsStr() != nullptr), "ReadStr");
  if (text.ok()) Check(*text == *value->AsStr(), "ReadStr's value");
  const absl::StatusOr<uint32_t> count = brine::Reader(input, limits).ReadTupleHeader();
  if (value.ok()) Check(count.ok() == value->IsTuple(), "ReadTupleHeader");
  if (value.ok() && count.ok()) Check(*count == value->items().size(), "ReadTupleHeader's count");

  const std::optional<IdPack> in_place = ParseIdPack(input, limits);
  if (!value.ok()) return Check(!in_place.has_value(), "ParseIdPack of what is not brine");
  Check(in_place == ToIdPack(*value), "both readings of an id_pack");
}

}  // namespace

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const GoldenVector& vector : ReadGoldenVectors("brine_vectors.json")) {
    seeds.push_back(absl::HexStringToBytes(vector.at("hex")));
  }
  for (const GoldenVector& vector : ReadGoldenVectors("frame_vectors.json")) {
    // All of dialect 5's payload is brine.
    const std::string frame = absl::HexStringToBytes(vector.at("v4_1_to_v5_3"));
    if (frame[4] == 0) seeds.push_back(frame.substr(5, frame.size() - 6));
  }
  // These have long forms of short lengths, nesting, and text that the int parser tolerates.
  for (const char* hex :
       {"160135", "16022b35", "1603303035", "1400", "0e026162", "1500000001510000", "0f00000000",
        "080f0000000161", "1a1a1a1055", "1a1a02", "1912000000", "17000000023431", "191a12515253",
        "1010101010101002", "1a10101a1002"}) {
    seeds.push_back(absl::HexStringToBytes(hex));
  }
  return seeds;
}

}  // namespace rpyc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rpyc::fuzz;
  const absl::string_view input = Text(data, size);
  CheckReader(input, TightLimits());
  CheckReader(input, rpyc::Limits());
  CheckShortcuts(input);
  return 0;
}
