#include "examples/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "rpyc/call_context.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"

namespace examples {
namespace {

using rpyc::BigInt;
using rpyc::Value;
using Complex = std::complex<double>;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

Value Add(const Value& a, const Value& b) { return examples::Add(rpyc::CallContext(), a, b); }
Value Multiply(const Value& a, const Value& b) {
  return examples::Multiply(rpyc::CallContext(), a, b);
}

// This is a number that computes itself and does not know text.
class Seven : public rpyc::Object {
 public:
  absl::string_view type_name() const override { return "decimal.Decimal"; }
  int64_t class_id() const override { return 1; }
  absl::StatusOr<Value> CallAttr(const rpyc::CallContext&, rpyc::AttributeRef attribute,
                                 rpyc::CallArgs args) override {
    if (args.positional[0].AsStr() != nullptr) return Value(rpyc::NotImplemented());
    if (attribute.name == "__add__") return Value::Tuple({"7 +", args.positional[0]});
    if (attribute.name == "__radd__") return Value::Tuple({args.positional[0], "+ 7"});
    return rpyc::PyStatus("AttributeError", std::string(attribute.name));
  }
};

// Python gave the expected values.
TEST(Number, IntsOfAnySize) {
  EXPECT_EQ(Add(1, 2), Value(3));
  EXPECT_EQ(Multiply(-4, 5), Value(-20));
  EXPECT_EQ(Add(true, true), Value(2));
  EXPECT_EQ(Multiply(false, kMax), Value(0));
  EXPECT_EQ(Add(kMax, 1), Value(BigInt{"9223372036854775808"}));
  EXPECT_EQ(Add(kMin, -1), Value(BigInt{"-9223372036854775809"}));
  EXPECT_EQ(Multiply(kMin, -1), Value(BigInt{"9223372036854775808"}));
  EXPECT_EQ(Multiply(kMax, kMax), Value(BigInt{"85070591730234615847396907784232501249"}));
  EXPECT_EQ(Multiply(BigInt{"-10000000000000000000"}, BigInt{"10000000000000000000"}),
            Value(BigInt{"-100000000000000000000000000000000000000"}));
}

TEST(Number, BigResultsThatFitAreOrdinaryInts) {
  EXPECT_EQ(Add(BigInt{"9223372036854775808"}, -1), Value(kMax));
  EXPECT_EQ(Add(BigInt{"-9223372036854775809"}, 1), Value(kMin));
  EXPECT_EQ(Add(BigInt{"99999999999999999999"}, BigInt{"-99999999999999999999"}), Value(0));
}

TEST(Number, Floats) {
  EXPECT_EQ(Add(0.1, 0.2), Value(0.30000000000000004));
  EXPECT_EQ(Add(1, 0.5), Value(1.5));
  EXPECT_EQ(Multiply(true, 2.5), Value(2.5));
  EXPECT_EQ(Add(BigInt{"100000000000000000000"}, 0.0), Value(1e20));
  EXPECT_EQ(Multiply(1e308, 10), Value(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(*Add(std::nan(""), 1).AsFloat()));
  EXPECT_THROW(Add(BigInt{"1" + std::string(400, '0')}, 1.0), rpyc::OverflowError);
}

TEST(Number, Complex) {
  EXPECT_EQ(Add(Complex(1, 2), 1), Value(Complex(2, 2)));
  EXPECT_EQ(Multiply(Complex(0, 1), Complex(0, 1)), Value(Complex(-1, 0)));
  EXPECT_EQ(Multiply(Complex(1, 2), 0.5), Value(Complex(0.5, 1)));
}

TEST(Number, OthersAreTypeErrorsInPythonsWords) {
  EXPECT_THROW(Add("a", 1), rpyc::TypeError);
  try {
    Multiply(1, Value());
    FAIL();
  } catch (const rpyc::TypeError& error) {
    EXPECT_STREQ(error.what(),
                 "TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'");
  }
}

TEST(Number, ObjectsComputeForThemselves) {
  const Value seven(std::make_shared<Seven>());
  EXPECT_EQ(Add(seven, 1), Value::Tuple({"7 +", 1}));
  EXPECT_EQ(Add(1, seven), Value::Tuple({1, "+ 7"}));
  EXPECT_EQ(Add(seven, seven), Value::Tuple({"7 +", seven}));
  EXPECT_THROW(Add(seven, "x"), rpyc::TypeError);
  EXPECT_THROW(Multiply(seven, 2), rpyc::TypeError);
}

}  // namespace
}  // namespace examples
