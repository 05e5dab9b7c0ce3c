#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/object.h"
#include "rpyc/out_buffer.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/value.h"

// The bytes of RPyC itself are tested in tests/golden; here is what they do not show.
namespace rpyc::brine {
namespace {

using absl::StatusCode;

Value T(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value F(std::vector<Value> items) { return Value::Frozenset(std::move(items)); }
Value S(Value start, Value stop, Value step) {
  return Value::Slice(std::move(start), std::move(stop), std::move(step));
}

class BrineEncodeTest : public ::testing::Test {
 protected:
  std::string Encoded(const Value& value) {
    absl::StatusOr<std::string> bytes = EncodeToString(value, limits_);
    return bytes.ok() ? *bytes : absl::StrCat("error: ", bytes.status().ToString());
  }

  void ExpectNotEncodable(const Value& value, StatusCode code, absl::string_view message) {
    OutBuffer out;
    out.Append("before");
    const absl::Status status = Encode(value, limits_, &out);
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(status.message(), message);
    EXPECT_EQ(out.ToString(), "before");
  }

  void ExpectRoundTrip(const Value& value) { EXPECT_EQ(*Decode(Encoded(value), limits_), value); }

  Limits limits_;
};

TEST_F(BrineEncodeTest, PiecesAreTheSameAsWhole) {
  for (int64_t number :
       {int64_t{-49}, int64_t{-48}, int64_t{0}, int64_t{159}, int64_t{160},
        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    OutBuffer out;
    AppendInt(number, &out);
    EXPECT_EQ(out.ToString(), Encoded(number));
  }
  for (size_t size : {0, 1, 4, 5, 255, 256, 70'000}) {
    OutBuffer text, tuple;
    AppendStr(std::string(size, 'x'), &text);
    EXPECT_EQ(text.ToString(), Encoded(std::string(size, 'x')));
    AppendTupleHeader(size, &tuple);
    EXPECT_EQ(tuple.ToString() + std::string(size, '\0'),
              Encoded(T(std::vector<Value>(size, None()))));
  }
}

class Thing : public Object {
 public:
  absl::string_view type_name() const override { return "lab.Thing"; }
  int64_t class_id() const override { return 1; }
};

TEST_F(BrineEncodeTest, WhatDoesNotTravelByValueIsRefused) {
  const Value thing = std::shared_ptr<Object>(std::make_shared<Thing>());
  ExpectNotEncodable(thing, StatusCode::kInvalidArgument,
                     "brine: a lab.Thing object does not travel by value");
  ExpectNotEncodable(T({"first", T({thing})}), StatusCode::kInvalidArgument,
                     "brine: a lab.Thing object does not travel by value");
  ExpectNotEncodable(T({1, "a\xFF"}), StatusCode::kInvalidArgument,
                     "brine: text is not UTF-8 at its byte 1");
  for (const char* decimal : {"", "-", "12a", "+5", "1 "}) {
    ExpectNotEncodable(BigInt{decimal}, StatusCode::kInvalidArgument,
                       "brine: BigInt is not decimal");
  }
}

TEST_F(BrineEncodeTest, LongStringsAreMovedNotCopied) {
  const std::string text(OutBuffer::kMoveThresholdBytes, 'x');
  for (const auto& wrap :
       std::vector<std::function<Value(Value)>>{[](Value v) { return v; },
                                                [](Value v) {
                                                  return T({1, std::move(v)});
                                                },
                                                [](Value v) {
                                                  return T({1, F({S(1, std::move(v), "short")})});
                                                }}) {
    for (bool as_text : {true, false}) {
      Value moved = as_text ? wrap(text) : wrap(Bytes{text});
      const Value* inner = &moved;
      while (!inner->items().empty()) inner = &inner->items()[inner->items().size() == 1 ? 0 : 1];
      const char* storage = inner->AsStr() ? inner->AsStr()->data() : inner->AsBytes()->data.data();
      const std::string expected = Encoded(moved);
      OutBuffer out;
      ASSERT_TRUE(Encode(std::move(moved), limits_, &out).ok());
      EXPECT_EQ(out.ToString(), expected);
      bool found = false;
      for (absl::string_view chunk : out.Chunks()) found |= chunk.data() == storage;
      EXPECT_TRUE(found);
    }
  }
}

TEST_F(BrineEncodeTest, SharedStringsAreLeftAlone) {
  const std::string text(OutBuffer::kMoveThresholdBytes, 'x');
  const Value kept = T({1, T({text})});
  const Value inner = kept.items()[1];
  OutBuffer out;
  ASSERT_TRUE(Encode(kept, limits_, &out).ok());
  EXPECT_EQ(kept, T({1, T({text})}));
  // Only the inner tuple is shared.
  ASSERT_TRUE(Encode(T({text, inner}), limits_, &out).ok());
  EXPECT_EQ(inner, T({text}));
}

TEST_F(BrineEncodeTest, SmallRepliesCostNoAllocation) {
  OutBuffer out;
  Value pi = 3.14159;
  for (int round = 0; round < 2; ++round) {
    AllocationMeter meter;
    ASSERT_TRUE(Encode(1'000'000, limits_, &out).ok());
    ASSERT_TRUE(Encode(pi, limits_, &out).ok());
    ASSERT_TRUE(Encode(None(), limits_, &out).ok());
    AppendTupleHeader(3, &out);
    AppendInt(-70'000, &out);
    out.Clear();
    if (round > 0) {
      EXPECT_EQ(meter.allocations(), 0u);
    }
  }
}

TEST_F(BrineEncodeTest, NestingIsLimitedAsInDecoding) {
  for (const auto& wrap : std::vector<std::function<Value(Value)>>{
           [](Value v) { return T({std::move(v)}); }, [](Value v) { return F({std::move(v)}); },
           [](Value v) { return S(1, 2, std::move(v)); }}) {
    Value value = 1;
    for (int i = 0; i < 200; ++i) value = wrap(std::move(value));
    ExpectRoundTrip(value);
    ExpectNotEncodable(wrap(value), StatusCode::kResourceExhausted,
                       "brine: nesting exceeds max_nesting 200");
  }
}

TEST_F(BrineEncodeTest, IntDigitsAreLimitedAsInDecoding) {
  const std::string most(4300, '9');
  ExpectRoundTrip(BigInt{"-" + most});
  ExpectNotEncodable(BigInt{"-9" + most}, StatusCode::kResourceExhausted,
                     "brine: int of 4301 digits exceeds max_int_digits 4300");
}

}  // namespace
}  // namespace rpyc::brine
