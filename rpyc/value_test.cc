#include "rpyc/value.h"

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Complex = std::complex<double>;

class Account : public Object {
 public:
  absl::string_view type_name() const override { return "bank.Account"; }
  int64_t class_id() const override { return 1; }
};

Value T(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value F(std::vector<Value> items) { return Value::Frozenset(std::move(items)); }
Value S(Value start, Value stop, Value step) {
  return Value::Slice(std::move(start), std::move(stop), std::move(step));
}
Value NewAccount() { return std::shared_ptr<Object>(std::make_shared<Account>()); }

TEST(ValueTest, KindsAndTypeNamesArePythons) {
  struct {
    Value value;
    Value::Kind kind;
    const char* type_name;
  } const kCases[] = {
      {Value(), Value::Kind::kNone, "NoneType"},
      {NotImplemented(), Value::Kind::kNotImplemented, "NotImplementedType"},
      {Ellipsis(), Value::Kind::kEllipsis, "ellipsis"},
      {true, Value::Kind::kBool, "bool"},
      {1, Value::Kind::kInt, "int"},
      {BigInt{"9223372036854775808"}, Value::Kind::kBigInt, "int"},
      {1.0, Value::Kind::kFloat, "float"},
      {Complex(1, 2), Value::Kind::kComplex, "complex"},
      {"a", Value::Kind::kStr, "str"},
      {Bytes{"a"}, Value::Kind::kBytes, "bytes"},
      {T({}), Value::Kind::kTuple, "tuple"},
      {S(1, 2, 3), Value::Kind::kSlice, "slice"},
      {F({}), Value::Kind::kFrozenset, "frozenset"},
      {NewAccount(), Value::Kind::kObject, "bank.Account"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(c.value.kind(), c.kind) << c.type_name;
    EXPECT_EQ(c.value.type_name(), c.type_name);
  }
}

TEST(ValueTest, ItemsOfContainersOnly) {
  EXPECT_EQ(T({1, 2}).items().size(), 2u);
  EXPECT_EQ(F({1}).items()[0], Value(1));
  EXPECT_EQ(S(1, None(), "x").items()[2], Value("x"));
  EXPECT_TRUE(T({}).items().empty());
  EXPECT_TRUE(Value("abc").items().empty());
}

TEST(ValueTest, CopiesShareTheirItems) {
  const Value a = T({1, T({2})});
  Value b;
  b = a;
  EXPECT_EQ(a.items().data(), b.items().data());
}

TEST(ValueTest, ByValueUnlessAnObjectIsInside) {
  EXPECT_TRUE(Value(1).by_value());
  EXPECT_TRUE(T({}).by_value());
  EXPECT_TRUE(T({1, F({"a"}), S(1, 2, 3)}).by_value());
  EXPECT_FALSE(NewAccount().by_value());
  EXPECT_FALSE(T({NewAccount()}).by_value());
  EXPECT_FALSE(T({1, T({F({NewAccount()})})}).by_value());
  EXPECT_FALSE(S(1, NewAccount(), 2).by_value());
}

TEST(ValueTest, EqualityAndHashAgree) {
  const Value account = NewAccount();
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(std::vector<Value>{
      None(),
      NotImplemented(),
      Ellipsis(),
      false,
      true,
      0,
      1,
      0.0,
      -0.0,
      1.0,
      kNan,
      Complex(1, 0),
      Complex(0, 1),
      "1",
      Bytes{"1"},
      BigInt{"1"},
      "",
      T({}),
      T({1}),
      T({1, 2}),
      T({2, 1}),
      T({T({1}), 2}),
      S(1, 2, 3),
      F({}),
      F({1}),
      F({1, 1}),
      F({1, 2}),
      F({2, 1, 1}),
      F({F({2, 1}), F({3})}),
      F({F({3}), F({1, 2})}),
      account,
      NewAccount(),
  }));
  EXPECT_EQ(F({1, 2, 3}), F({3, 1, 2}));
  EXPECT_EQ(F({1, 2, 2}), F({1, 1, 2}));
  EXPECT_NE(F({1, 2}), F({1, 3}));
  EXPECT_NE(F({1, 2}), F({1}));
  EXPECT_EQ(F({F({2, 1}), F({3})}), F({F({3}), F({1, 2})}));
  EXPECT_EQ(T({kNan}), T({kNan}));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(T({1, 2}), T({1, 2, 3}));
  EXPECT_EQ(account, Value(account));
  EXPECT_NE(account, NewAccount());
}

// Would take hours if items were compared each with each.
TEST(ValueTest, LargeFrozensetsCompareQuickly) {
  std::vector<Value> up, down;
  for (int i = 0; i < 300'000; ++i) {
    up.emplace_back(i);
    down.emplace_back(299'999 - i);
  }
  EXPECT_EQ(F(std::move(up)), F(std::move(down)));
}

TEST(ValueTest, DebugStringIsPythonsRepr) {
  // Right: what CPython 3.11 prints for repr() of the value on the left.
  const std::pair<Value, const char*> kCases[] = {
      {None(), "None"},
      {NotImplemented(), "NotImplemented"},
      {Ellipsis(), "Ellipsis"},
      {true, "True"},
      {std::numeric_limits<int64_t>::min(), "-9223372036854775808"},
      {BigInt{"-9223372036854775809"}, "-9223372036854775809"},
      {0.1, "0.1"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {1e15, "1000000000000000.0"},
      {9999999999999998.0, "9999999999999998.0"},
      {1e16, "1e+16"},
      {1.5e300, "1.5e+300"},
      {0.0001, "0.0001"},
      {9.999999999999999e-05, "9.999999999999999e-05"},
      {1e-05, "1e-05"},
      {5e-324, "5e-324"},
      {0.1 + 0.2, "0.30000000000000004"},
      {123456789.123456789, "123456789.12345679"},
      {-kInf, "-inf"},
      {std::copysign(kNan, -1.0), "nan"},
      {Complex(0, 1), "1j"},
      {Complex(0, -0.0), "-0j"},
      {Complex(1, -2.5), "(1-2.5j)"},
      {Complex(-0.0, kInf), "(-0+infj)"},
      {Complex(kNan, std::copysign(kNan, -1.0)), "(nan+nanj)"},
      {Complex(1e16, 1e-5), "(1e+16+1e-05j)"},
      {"it's", "\"it's\""},
      {"\"", "'\"'"},
      {"'\"", "'\\'\"'"},
      {"a\\b\n\r\t\x01\x7F", "'a\\\\b\\n\\r\\t\\x01\\x7f'"},
      {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "'\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80'"},
      {"\xC2\x85\xC2\xA0\xC2\xAD", "'\\x85\\xa0\\xad'"},
      {"\xE2\x80\xAE\xE2\x80\xA8\xEF\xBB\xBF\xEE\x80\x80", "'\\u202e\\u2028\\ufeff\\ue000'"},
      {"\xF3\xA0\x80\x81", "'\\U000e0001'"},
      {Bytes{std::string("a'\0\xFF\n", 5)}, "b\"a'\\x00\\xff\\n\""},
      {T({}), "()"},
      {T({1}), "(1,)"},
      {T({1, T({"a"})}), "(1, ('a',))"},
      {S(None(), -1, "x"), "slice(None, -1, 'x')"},
      {F({}), "frozenset()"},
      {F({1, 2}), "frozenset({1, 2})"},
      {NewAccount(), "<bank.Account object>"},
  };
  for (const auto& [value, repr] : kCases) EXPECT_EQ(value.DebugString(), repr);
}

TEST(ValueTest, DebugStringOfBadUtf8ShowsTheBytes) {
  EXPECT_EQ(Value("a\xFFz").DebugString(), "'a\\udcffz'");
}

TEST(ValueTest, DebugStringIsCutWhereItIsTold) {
  EXPECT_EQ(Value(std::string(1000, 'x')).DebugString(), "'" + std::string(199, 'x') + "...");
  EXPECT_EQ(Value("abc").DebugString(5), "'abc'");
  EXPECT_EQ(Value("abc").DebugString(4), "'abc...");
  EXPECT_EQ(Value("abc").DebugString(0), "...");
  EXPECT_EQ(Value(BigInt{std::string(1000, '9')}).DebugString(10), "9999999999...");
  for (size_t cut = 2; cut < 5; ++cut) {
    EXPECT_EQ(Value("a\xE2\x82\xAC"
                    "b")
                  .DebugString(cut),
              "'a...")
        << cut;
  }
  EXPECT_EQ(T(std::vector<Value>(1'000'000, 7)).DebugString(9), "(7, 7, 7,...");
}

TEST(ValueTest, ExclusiveItemsOnlyForTheSoleOwnerOfLongStrings) {
  const std::string long_text(Value::kLongStringBytes, 'x');
  Value sole = T({long_text, 1});
  ASSERT_EQ(sole.ExclusiveItems().size(), 2u);
  EXPECT_EQ(sole.ExclusiveItems().data(), sole.items().data());
  {
    const Value second = sole;
    EXPECT_TRUE(sole.ExclusiveItems().empty());
  }
  EXPECT_FALSE(sole.ExclusiveItems().empty());

  EXPECT_TRUE(T({"short"}).ExclusiveItems().empty());
  EXPECT_TRUE(Value(long_text).ExclusiveItems().empty());
  EXPECT_FALSE(T({T({Bytes{long_text}})}).ExclusiveItems().empty());
  EXPECT_TRUE(T({}).ExclusiveItems().empty());
}

}  // namespace
}  // namespace rpyc
