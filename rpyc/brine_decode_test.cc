#include <complex>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/byte_budget.h"
#include "rpyc/limits.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/value.h"

// The bytes of RPyC itself are tested in tests/golden; here is what no stock peer sends.
namespace rpyc::brine {
namespace {

using absl::StatusCode;
using Complex = std::complex<double>;

Value T(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value F(std::vector<Value> items) { return Value::Frozenset(std::move(items)); }
Value S(Value start, Value stop, Value step) {
  return Value::Slice(std::move(start), std::move(stop), std::move(step));
}

std::string Hex(absl::string_view hex) {
  return absl::HexStringToBytes(absl::StrReplaceAll(hex, {{" ", ""}}));
}

std::string Repeat(absl::string_view piece, size_t times) {
  std::string all;
  all.reserve(piece.size() * times);
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&all, piece);
  return all;
}

std::string U32(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
          static_cast<char>(n)};
}
std::string TupleOf(uint32_t count, absl::string_view items) {
  return absl::StrCat("\x15", U32(count), items);
}
std::string IntText(absl::string_view text) { return absl::StrCat("\x17", U32(text.size()), text); }

class BrineDecodeTest : public ::testing::Test {
 protected:
  // What the bytes decode to; an error shows as the text "error: ...".
  Value Decoded(absl::string_view bytes) {
    absl::StatusOr<Value> value = Decode(bytes, limits_);
    if (!value.ok()) return absl::StrCat("error: ", value.status().ToString());
    return *std::move(value);
  }

  void ExpectAccepted(absl::string_view bytes) {
    EXPECT_TRUE(Decode(bytes, limits_).ok()) << Decode(bytes, limits_).status();
    EXPECT_TRUE(Reader(bytes, limits_).SkipValue().ok());
  }

  // Decoding fails with exactly this message, and so does stepping over: what is skipped is sent
  // on, as a sequence number or an id_pack.
  void ExpectRefused(absl::string_view bytes, StatusCode code, absl::string_view message) {
    const absl::StatusOr<Value> value = Decode(bytes, limits_);
    EXPECT_EQ(value.status().code(), code) << value.status();
    EXPECT_EQ(value.status().message(), message);
    EXPECT_EQ(Reader(bytes, limits_).SkipValue().status(), value.status());
  }

  void ExpectMalformed(absl::string_view hex, absl::string_view message) {
    ExpectRefused(Hex(hex), StatusCode::kInvalidArgument, message);
  }

  Limits limits_;
};

// --- forms that readers must take though no writer uses them ---

TEST_F(BrineDecodeTest, LongFormsOfShortLengthsAreAccepted) {
  EXPECT_EQ(Decoded(Hex("0e00")), Value(Bytes{""}));
  EXPECT_EQ(Decoded(Hex("0e026162")), Value(Bytes{"ab"}));
  EXPECT_EQ(Decoded(Hex("0f00000001 61")), Value(Bytes{"a"}));
  EXPECT_EQ(Decoded(Hex("080f00000001 61")), Value("a"));
  EXPECT_EQ(Decoded(Hex("1400")), T({}));
  EXPECT_EQ(Decoded(Hex("140151")), T({1}));
  EXPECT_EQ(Decoded(Hex("1500000002 5152")), T({1, 2}));
  EXPECT_EQ(Decoded(Hex("17 00000001 35")), Value(5));
  EXPECT_EQ(Decoded(Hex("19 1403 515253")), S(1, 2, 3));
  EXPECT_EQ(Decoded(Hex("1a 1402 5152")), F({1, 2}));
}

TEST_F(BrineDecodeTest, IntTextIsMadeCanonical) {
  const std::pair<const char*, Value> kCases[] = {
      {"5", 5},
      {"+5", 5},
      {"-5", -5},
      {"007", 7},
      {"-007", -7},
      {"0", 0},
      {"-0", 0},
      {"+000", 0},
      {"9223372036854775807", std::numeric_limits<int64_t>::max()},
      {"0000000000009223372036854775807", std::numeric_limits<int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
      {"9223372036854775808", BigInt{"9223372036854775808"}},
      {"-9223372036854775809", BigInt{"-9223372036854775809"}},
      {"+0099999999999999999999", BigInt{"99999999999999999999"}},
      {"9999999999999999999", BigInt{"9999999999999999999"}},
  };
  for (const auto& [text, value] : kCases) EXPECT_EQ(Decoded(IntText(text)), value) << text;
}

TEST_F(BrineDecodeTest, IntTextThatIsNotDecimalIsRefused) {
  for (const char* text : {" 5", "5 ", "1_0", "0x1", "--5", "+-5", "5.0", "1e3", "-1a", "a",
                           "99999999999999999999x", "\xD9\xA1"}) {
    ExpectRefused(IntText(text), StatusCode::kInvalidArgument,
                  "brine: int text is not decimal (offset 0)");
  }
  for (const char* text : {"", "-", "+"}) {
    ExpectRefused(IntText(text), StatusCode::kInvalidArgument,
                  "brine: int without digits (offset 0)");
  }
}

TEST_F(BrineDecodeTest, FrozensetTakesATupleOrAFrozenset) {
  EXPECT_EQ(Decoded(Hex("1a1a105a")), F({10}));
  EXPECT_EQ(Decoded(Hex("1a1a1a02")), F({}));
  ExpectMalformed("1a 00", "brine: expected a tuple, found None (offset 0)");
  ExpectMalformed("1a 080a61", "brine: expected a tuple, found text (offset 0)");
  ExpectMalformed("1a 19 12515253", "brine: expected a tuple, found a slice (offset 0)");
}

TEST_F(BrineDecodeTest, BytesAfterTheValueAreIgnored) {
  EXPECT_EQ(Decoded(Hex("51 ffff")), Value(1));
}

// --- malformed input ---

TEST_F(BrineDecodeTest, EveryUnusedTagIsRefused) {
  std::vector<int> unused = {0x07, 0x09, 0x1c, 0x1d, 0x1e, 0x1f};
  for (int tag = 0xf0; tag <= 0xff; ++tag) unused.push_back(tag);
  for (int tag : unused) {
    const std::string bytes = "\x11\x51" + std::string(1, static_cast<char>(tag)) + "\x16\x01\x35";
    ExpectRefused(bytes, StatusCode::kInvalidArgument,
                  absl::StrCat("brine: unknown tag 0x", absl::Hex(tag), " (offset 2)"));
  }
}

TEST_F(BrineDecodeTest, TextMustBeBytesOfUtf8) {
  ExpectMalformed("08", "brine: the input ends where a value must begin (offset 1)");
  ExpectMalformed("08 51", "brine: expected bytes, found an int (offset 0)");
  ExpectMalformed("08 080a61", "brine: expected bytes, found text (offset 0)");
  ExpectMalformed("11 50 08 0c 61 c3 28", "brine: text is not UTF-8 at its byte 1 (offset 2)");
  ExpectMalformed("08 0c eda080", "brine: text is not UTF-8 at its byte 0 (offset 0)");
  ExpectMalformed("08 0b c080", "brine: text is not UTF-8 at its byte 0 (offset 0)");
  EXPECT_EQ(Decoded(Hex("08 0d f48fbfbf")), Value("\xF4\x8F\xBF\xBF"));
  ExpectMalformed("08 0d f4908080", "brine: text is not UTF-8 at its byte 0 (offset 0)");
}

TEST_F(BrineDecodeTest, SliceHasThreeItems) {
  ExpectMalformed("19 11 5152", "brine: slice of 2 items instead of 3 (offset 0)");
  ExpectMalformed("19 13 51525354", "brine: slice of 4 items instead of 3 (offset 0)");
  ExpectMalformed("19 0c 616263", "brine: expected a tuple, found bytes (offset 0)");
}

TEST_F(BrineDecodeTest, CountsBeyondTheInputAreRefusedBeforeAnythingIsAllocated) {
  const std::pair<const char*, const char*> kCases[] = {
      {"15 ffffffff 000000", "brine: tuple of 4294967295 items in 3 bytes (offset 0)"},
      {"14 ff 000000", "brine: tuple of 255 items in 3 bytes (offset 0)"},
      {"1a 15 ffffffff 00", "brine: tuple of 4294967295 items in 1 bytes (offset 0)"},
      {"0f ffffffff 61", "brine: bytes of 4294967295 bytes in 1 (offset 0)"},
      {"08 0f ffffffff 61", "brine: bytes of 4294967295 bytes in 1 (offset 0)"},
      {"17 ffffffff 31", "brine: int of 4294967295 bytes in 1 (offset 0)"},
      {"0d 616263", "brine: bytes of 4 bytes in 3 (offset 0)"},
      {"0f 0000", "brine: length of 4 bytes in 2 (offset 0)"},
      {"18 00000000000000", "brine: float of 8 bytes in 7 (offset 0)"},
      {"1b 00000000000000", "brine: complex of 16 bytes in 7 (offset 0)"},
      {"", "brine: the input ends where a value must begin (offset 0)"},
      {"1251", "brine: tuple of 3 items in 1 bytes (offset 0)"},
  };
  for (const auto& [hex, message] : kCases) {
    const std::string bytes = Hex(hex);
    {
      AllocationMeter meter;
      EXPECT_FALSE(Decode(bytes, limits_).ok());
      EXPECT_LT(meter.peak_bytes(), 1024u) << message;
    }
    ExpectMalformed(hex, message);
  }
}

std::vector<std::string> Samples() {
  Limits limits;
  std::vector<std::string> samples;
  for (const Value& value :
       std::vector<Value>{None(),
                          true,
                          7,
                          -1000,
                          std::numeric_limits<int64_t>::min(),
                          BigInt{"123456789012345678901234567890"},
                          BigInt{std::string(300, '7')},
                          1.5,
                          Complex(1, -2),
                          "",
                          "abc",
                          "h\xC3\xA9llo w\xC3\xB6rld",
                          std::string(300, 'x'),
                          Bytes{""},
                          Bytes{"abcde"},
                          Bytes{std::string(300, '\xFF')},
                          T({}),
                          T({1, 2, 3, 4, 5}),
                          T(std::vector<Value>(300, None())),
                          S(None(), T({1}), "x"),
                          F({1, "a", F({2})}),
                          T({2, 7, T({1, T({"builtins.method", 90, 600})}),
                             T({T({"x", S(1, 2, 3)})}), NotImplemented(), Ellipsis()})}) {
    samples.push_back(*EncodeToString(value, limits));
  }
  return samples;
}

TEST_F(BrineDecodeTest, EveryTruncationIsRefused) {
  for (const std::string& sample : Samples()) {
    for (size_t size = 0; size < sample.size(); ++size) {
      // A copy of exactly this size, for the address sanitizer to guard its end.
      const std::unique_ptr<char[]> exact(new char[size]);
      sample.copy(exact.get(), size);
      const absl::string_view cut(exact.get(), size);
      ASSERT_EQ(Decode(cut, limits_).status().code(), StatusCode::kInvalidArgument);
      ASSERT_EQ(Reader(cut, limits_).SkipValue().status().code(), StatusCode::kInvalidArgument);
    }
  }
}

// Whatever the bytes are: no crash, skipping agrees with reading, and what was read can be written
// and read again.
TEST_F(BrineDecodeTest, RandomMutations) {
  std::mt19937 random(20240607);
  const std::vector<std::string> samples = Samples();
  limits_.max_decoded_bytes = 1 << 20;
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = samples[random() % samples.size()];
    for (int edits = random() % 4; edits >= 0; --edits) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(random() % 0x20);  // a tag
          break;
        case 2:
          bytes.insert(at, samples[random() % samples.size()].substr(0, random() % 40));
          break;
        case 3:
          bytes.erase(at, random() % 4);
          bytes.push_back(static_cast<char>(random()));
          break;
      }
    }
    Reader skipper(bytes, limits_);
    const bool skipped = skipper.SkipValue().ok();
    Reader reader(bytes, limits_);
    const absl::StatusOr<Value> value = reader.ReadValue();
    if (!value.ok()) continue;
    ++accepted;
    ASSERT_TRUE(skipped);
    ASSERT_EQ(skipper.position(), reader.position());
    const absl::StatusOr<std::string> again = EncodeToString(*value, limits_);
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(Decoded(*again), *value) << absl::BytesToHexString(bytes);
  }
  EXPECT_GT(accepted, 10'000);
}

// --- limits ---

TEST_F(BrineDecodeTest, NestingIsLimitedExactly) {
  // A shell nests once; the core does not.
  const std::pair<std::string, std::string> kShells[] = {
      {"\x10", "\x50"}, {"\x14\x01", "\x50"}, {"\x1a\x10", "\x50"}, {"\x1a", "\x1a\x02"}};
  for (const auto& [shell, core] : kShells) {
    const size_t levels = core.size() == 1 ? 200 : 199;
    ExpectAccepted(Repeat(shell, levels) + core);
    ExpectRefused(Repeat(shell, levels + 1) + core, StatusCode::kResourceExhausted,
                  absl::StrCat("brine: nesting of 201 or more exceeds max_nesting 200 (offset ",
                               200 * shell.size(), ")"));
  }
  // An empty tuple is a container too.
  ExpectAccepted(Repeat("\x10", 199) + "\x02");
  ExpectRefused(Repeat("\x10", 200) + "\x02", StatusCode::kResourceExhausted,
                "brine: nesting of 201 or more exceeds max_nesting 200 (offset 200)");
  const std::string slice = Hex("19 12 00 00");
  ExpectAccepted(Repeat(slice, 200) + std::string(1, '\0'));
  ExpectRefused(Repeat(slice, 201) + std::string(1, '\0'), StatusCode::kResourceExhausted,
                "brine: nesting of 201 or more exceeds max_nesting 200 (offset 800)");
}

TEST_F(BrineDecodeTest, AHundredThousandLevelsAreRefusedOnASmallStack) {
  for (const char* shell : {"\x10", "\x1a", "\x1a\x10", "\x11\x50"}) {
    EXPECT_EQ(Decode(Repeat(shell, 100'000), limits_).status().code(),
              StatusCode::kResourceExhausted);
    EXPECT_EQ(Reader(Repeat(shell, 100'000), limits_).SkipValue().status().code(),
              StatusCode::kResourceExhausted);
  }
}

TEST_F(BrineDecodeTest, IntDigitsAreLimitedExactly) {
  const std::string most(4300, '9');
  EXPECT_EQ(Decoded(IntText(most)), Value(BigInt{most}));
  EXPECT_EQ(Decoded(IntText("-" + most)), Value(BigInt{"-" + most}));
  for (const char* prefix : {"9", "-9", "+9", "0"}) {
    ExpectRefused(IntText(prefix + most), StatusCode::kResourceExhausted,
                  "brine: int of 4301 digits exceeds max_int_digits 4300 (offset 0)");
  }
}

TEST_F(BrineDecodeTest, DecodedMemoryIsLimited) {
  limits_.max_decoded_bytes = 1 << 20;
  const uint32_t fits = ((1 << 20) - 112) / sizeof(Value);
  EXPECT_TRUE(Decode(TupleOf(fits, std::string(fits, '\0')), limits_).ok());
  const absl::StatusOr<Value> over =
      Decode(TupleOf(fits + 1, std::string(fits + 1, '\0')), limits_);
  EXPECT_EQ(over.status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(IsOutOfMemory(over.status()));
  EXPECT_EQ(over.status().message(),
            absl::StrCat("brine: decoded values of ", 112 + (fits + 1) * sizeof(Value),
                         " bytes or more exceed max_decoded_bytes 1048576 (offset 0)"));

  EXPECT_TRUE(Decode("\x0f" + U32(1'000'000) + std::string(1'000'000, 'x'), limits_).ok());
  EXPECT_FALSE(Decode("\x0f" + U32(1 << 20) + std::string(1 << 20, 'x'), limits_).ok());
}

TEST_F(BrineDecodeTest, DecodedMemoryIsLimitedOverAllValuesOfAReader) {
  limits_.max_decoded_bytes = 10'000;
  const std::string bytes = Repeat("\x0e\xff" + std::string(255, 'x'), 100);
  Reader reader(bytes, limits_);
  int values = 0;
  while (reader.ReadValue().ok()) ++values;
  EXPECT_EQ(values, 36);

  // A caller may reserve as many Values as a tuple header says, so these count too.
  const std::string wide = TupleOf(300, std::string(300, '\0'));
  EXPECT_EQ(Reader(wide, limits_).ReadTupleHeader().status().code(),
            StatusCode::kResourceExhausted);
}

TEST_F(BrineDecodeTest, WhatIsDecodedCountsInABudgetAsItGrows) {
  ByteBudget budget("the server's max_total_bytes", 1 << 20);
  ByteCharge charge(&budget);
  EXPECT_TRUE(Reader(TupleOf(1000, std::string(1000, '\0')), limits_, &charge).ReadValue().ok());
  EXPECT_EQ(budget.used_bytes(), 0) << "what is small costs nothing";
  const uint32_t wide = (1 << 20) / 2 / sizeof(Value);
  EXPECT_TRUE(Reader(TupleOf(wide, std::string(wide, '\0')), limits_, &charge).ReadValue().ok());
  EXPECT_GE(budget.used_bytes(), 1 << 19);
  ByteCharge other(&budget);
  const absl::StatusOr<Value> over =
      Reader(TupleOf(wide, std::string(wide, '\0')), limits_, &other).ReadValue();
  EXPECT_TRUE(IsOutOfMemory(over.status()));
  EXPECT_TRUE(
      absl::StrContains(over.status().message(), "exceed the server's max_total_bytes, 1048576"))
      << over.status();
  charge.ShrinkTo(0);
  EXPECT_TRUE(Reader(TupleOf(wide, std::string(wide, '\0')), limits_, &other).ReadValue().ok());
}

// The budget is honest: whatever the shape of the input, decoding never holds more than it allows.
TEST_F(BrineDecodeTest, NoInputCostsMoreMemoryThanTheLimit) {
  constexpr size_t kInputBytes = 4 << 20;
  constexpr size_t kBudget = 32 << 20;
  limits_.max_decoded_bytes = kBudget;
  const std::string one_item_deep = Repeat("\x10", 190) + '\0';
  const std::string kItems[] = {
      std::string(1, '\0'),                   // None
      "\x02",                                 // ()
      "\x10\x02",                             // ((),)
      std::string("\x10\0", 2),               // (None,)
      std::string("\x13\0\0\0\0", 5),         // four Nones
      std::string("\x1a\x10\0", 3),           // a frozenset
      Hex("19 12 00 00 00"),                  // a slice
      one_item_deep,                          // 190 tuples, one in the other
      "\x08\x0e\x10" + std::string(16, 'x'),  // the shortest text with storage of its own
      "\x0e\x10" + std::string(16, 'x'),
      "\x16\x14" + std::string(20, '9'),  // the shortest big int
      "\x16\x13" + std::string(19, '9'),
      "\x0a\x61",
      "\x0f" + U32(1000) + std::string(1000, 'x'),
  };
  for (const std::string& item : kItems) {
    const uint32_t inner_count = 10'000 / item.size() + 1;
    const std::string inner = TupleOf(inner_count, Repeat(item, inner_count));
    const uint32_t count = kInputBytes / inner.size();
    const std::string input = TupleOf(count, Repeat(inner, count));
    size_t peak = 0;
    bool fits = false;
    {
      AllocationMeter meter;
      fits = Decode(input, limits_).ok();
      peak = meter.peak_bytes();
    }
    EXPECT_LT(peak, kBudget + 4096) << absl::BytesToHexString(item.substr(0, 8));
    // An honest budget also does not charge much more than is used.
    if (!fits) {
      EXPECT_GT(peak, kBudget / 2) << absl::BytesToHexString(item.substr(0, 8));
    }
  }
  // Tuples that all claim the rest of the input: each reserves, none is filled.
  std::string liar;
  for (int i = 0; i < 190; ++i) liar += "\x15" + U32(kInputBytes - 2000);
  liar.append(kInputBytes, '\0');
  AllocationMeter meter;
  EXPECT_FALSE(Decode(liar, limits_).ok());
  EXPECT_LT(meter.peak_bytes(), kBudget + 4096);
}

// --- reading piece by piece ---

TEST_F(BrineDecodeTest, ReaderStepsThroughAMessage) {
  const std::string bytes = Hex("12 51 1603 323535 11 57 12 080a61 08 0b c3a9 03");
  Reader reader(bytes, limits_);
  EXPECT_EQ(reader.PeekTag(), 0x12);
  EXPECT_EQ(*reader.ReadTupleHeader(), 3u);
  EXPECT_EQ(*reader.ReadInt(), 1);
  EXPECT_EQ(*reader.SkipValue(), Hex("1603 323535"));
  EXPECT_EQ(*reader.ReadTupleHeader(), 2u);
  EXPECT_EQ(*reader.ReadValue(), Value(7));
  EXPECT_EQ(*reader.ReadTupleHeader(), 3u);
  EXPECT_EQ(*reader.ReadStr(), "a");
  EXPECT_EQ(reader.rest(), Hex("080bc3a9 03"));
  const absl::string_view text = *reader.ReadStr();
  EXPECT_EQ(text, "\xC3\xA9");
  EXPECT_EQ(text.data(), bytes.data() + bytes.size() - 3);  // in place
  EXPECT_EQ(reader.position(), bytes.size() - 1);
  EXPECT_EQ(*reader.ReadRawByte(), 3);
  EXPECT_EQ(reader.PeekTag(), -1);
  EXPECT_EQ(
      reader.ReadRawByte().status().message(),
      absl::StrCat("brine: the input ends where a value must begin (offset ", bytes.size(), ")"));
}

TEST_F(BrineDecodeTest, ReaderSaysWhatItExpectedAndWhatItFound) {
  const auto message = [](const auto& result) { return std::string(result.status().message()); };
  const auto reader = [this](absl::string_view bytes) { return Reader(bytes, limits_); };
  EXPECT_EQ(message(reader("\x03").ReadInt()), "brine: expected an int, found a bool (offset 0)");
  EXPECT_EQ(message(reader("\x18").ReadInt()), "brine: expected an int, found a float (offset 0)");
  EXPECT_EQ(message(reader("\x0a"
                           "a")
                        .ReadStr()),
            "brine: expected text, found bytes (offset 0)");
  EXPECT_EQ(message(reader("\x1b").ReadStr()), "brine: expected text, found a complex (offset 0)");
  EXPECT_EQ(message(reader("\x51").ReadTupleHeader()),
            "brine: expected a tuple, found an int (offset 0)");
  EXPECT_EQ(message(reader("\x1a").ReadTupleHeader()),
            "brine: expected a tuple, found a frozenset (offset 0)");
  EXPECT_EQ(message(reader("\xff").ReadTupleHeader()),
            "brine: expected a tuple, found something else (offset 0)");
  EXPECT_EQ(message(reader(IntText("9223372036854775808")).ReadInt()),
            "brine: int of 19 digits is too big (offset 0)");
  EXPECT_EQ(*reader(IntText("-9223372036854775808")).ReadInt(),
            std::numeric_limits<int64_t>::min());
}

}  // namespace
}  // namespace rpyc::brine
