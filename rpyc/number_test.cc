#include "rpyc/number.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Number, ComparesExactlyAcrossTypes) {
  // Each is less than the next, and equal to all on its own line.
  const std::vector<std::vector<Value>> lines = {
      {-kInf},
      {Value(BigInt{"-1180591620717411303425"})},
      {Value(BigInt{"-1180591620717411303424"}), std::ldexp(-1.0, 70)},
      {Value(BigInt{"-9223372036854775809"})},
      {std::numeric_limits<int64_t>::min(), -9223372036854775808.0},
      {-1.5},
      {-1, -1.0},
      {-0.5},
      {0, false, 0.0, -0.0},
      {0.5},
      {1, true, 1.0},
      {int64_t{9007199254740992}, 9007199254740992.0},
      {int64_t{9007199254740993}},
      {std::numeric_limits<int64_t>::max()},
      {Value(BigInt{"9223372036854775808"}), 9223372036854775808.0},
      {Value(BigInt{"1180591620717411303424"}), std::ldexp(1.0, 70)},
      {Value(BigInt{"1180591620717411303425"})},
      {kInf},
  };
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t j = 0; j < lines.size(); ++j) {
      for (const Value& a : lines[i]) {
        for (const Value& b : lines[j]) {
          EXPECT_EQ(CompareNumbers(a, b), std::partial_ordering(i <=> j))
              << a.DebugString() << " " << b.DebugString();
          EXPECT_EQ(Canonical(a) == Canonical(b), i == j)
              << a.DebugString() << " " << b.DebugString();
        }
      }
    }
  }
}

TEST(Number, NanIsUnordered) {
  const Value nan(std::nan(""));
  for (const Value& other : {Value(1), Value(1.0), Value(BigInt{"9223372036854775808"}), nan}) {
    EXPECT_EQ(CompareNumbers(nan, other), std::partial_ordering::unordered);
    EXPECT_EQ(CompareNumbers(other, nan), std::partial_ordering::unordered);
  }
  EXPECT_EQ(Canonical(nan), Canonical(nan));
}

}  // namespace
}  // namespace rpyc
