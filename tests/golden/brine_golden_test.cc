#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/value.h"
#include "tests/golden/vectors.h"

// RPyC 4.1.5, 5.3.0, 5.3.1 and 6.0.2 encode these values, and identically.
namespace rpyc {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Complex = std::complex<double>;

Value T(std::vector<Value> items) { return Value::Tuple(std::move(items)); }
Value F(std::vector<Value> items) { return Value::Frozenset(std::move(items)); }
Value S(Value start, Value stop, Value step) {
  return Value::Slice(std::move(start), std::move(stop), std::move(step));
}
Value B(absl::string_view data) { return Bytes{std::string(data)}; }
std::string Zeros(size_t count) { return std::string(count, '0'); }

std::string SixteenBytes() {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

std::string Accents(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "\xC3\xA9";
  return text;
}

// Returns every vector in the order of brine_vectors.json: what Python was told, and what we
// understand.
std::vector<std::pair<const char*, Value>> ExpectedValues() {
  return {
      {"None", None()},
      {"True", true},
      {"False", false},
      {"NotImplemented", NotImplemented()},
      {"Ellipsis", Ellipsis()},
      {"b''", B("")},
      {"''", ""},
      {"()", T({})},
      {"0", 0},
      {"1", 1},
      {"-1", -1},
      {"-48", -48},
      {"-49", -49},
      {"47", 47},
      {"48", 48},
      {"80", 80},
      {"81", 81},
      {"127", 127},
      {"128", 128},
      {"159", 159},
      {"160", 160},
      {"161", 161},
      {"-50", -50},
      {"255", 255},
      {"256", 256},
      {"1000", 1000},
      {"-1000", -1000},
      {"65535", 65535},
      {"2147483647", 2147483647},
      {"-2147483648", int64_t{-2147483648}},
      {"4294967295", int64_t{4294967295}},
      {"4294967296", int64_t{4294967296}},
      {"9223372036854775807", std::numeric_limits<int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
      {"18446744073709551616", BigInt{"18446744073709551616"}},
      {"10**50", BigInt{"1" + Zeros(50)}},
      {"-10**50", BigInt{"-1" + Zeros(50)}},
      {"10**254", BigInt{"1" + Zeros(254)}},
      {"10**255", BigInt{"1" + Zeros(255)}},
      {"-10**254", BigInt{"-1" + Zeros(254)}},
      {"2**63", BigInt{"9223372036854775808"}},
      {"10**256", BigInt{"1" + Zeros(256)}},
      {"int('9'*300)", BigInt{std::string(300, '9')}},
      {"0.0", 0.0},
      {"-0.0", -0.0},
      {"1.0", 1.0},
      {"-1.5", -1.5},
      {"3.14159", 3.14159},
      {"18.2", 18.2},
      {"1e308", 1e308},
      {"5e-324", 5e-324},
      {"float('inf')", kInf},
      {"float('-inf')", -kInf},
      {"float('nan')", std::numeric_limits<double>::quiet_NaN()},
      {"0j", Complex(0, 0)},
      {"1+2j", Complex(1, 2)},
      {"13+18.2j", Complex(13, 18.2)},
      {"complex(-0.0, float('inf'))", Complex(-0.0, kInf)},
      {"b'a'", B("a")},
      {"b'ab'", B("ab")},
      {"b'abc'", B("abc")},
      {"b'abcd'", B("abcd")},
      {"b'abcde'", B("abcde")},
      {"b'\\x00\\xff'", B(absl::string_view("\0\xFF", 2))},
      {"b'x'*255", B(std::string(255, 'x'))},
      {"b'x'*256", B(std::string(256, 'x'))},
      {"bytes(range(16))", B(SixteenBytes())},
      {"'a'", "a"},
      {"'ab'", "ab"},
      {"'abc'", "abc"},
      {"'abcd'", "abcd"},
      {"'abcde'", "abcde"},
      {"'hello world'", "hello world"},
      {"'\\u00e9'", "\xC3\xA9"},
      {"'\\u20ac'", "\xE2\x82\xAC"},
      {"'\\U0001f600'", "\xF0\x9F\x98\x80"},
      {"'\\x00'", std::string(1, '\0')},
      {"'x'*255", std::string(255, 'x')},
      {"'x'*256", std::string(256, 'x')},
      {"'\\u00e9'*128", Accents(128)},
      {"(1,)", T({1})},
      {"(1,2)", T({1, 2})},
      {"(1,2,3)", T({1, 2, 3})},
      {"(1,2,3,4)", T({1, 2, 3, 4})},
      {"(1,2,3,4,5)", T({1, 2, 3, 4, 5})},
      {"((),)", T({T({})})},
      {"((1,2),(3,(4,)))", T({T({1, 2}), T({3, T({4})})})},
      {"tuple(range(6))", T({0, 1, 2, 3, 4, 5})},
      {"(None,)*255", T(std::vector<Value>(255))},
      {"(None,)*256", T(std::vector<Value>(256))},
      {"('RPYC','QUERY',('FOO',))", T({"RPYC", "QUERY", T({"FOO"})})},
      {"slice(None,None,None)", S(None(), None(), None())},
      {"slice(1,2,3)", S(1, 2, 3)},
      {"slice(5)", S(None(), 5, None())},
      {"slice(1,None)", S(1, None(), None())},
      {"slice(-1,None,-1)", S(-1, None(), -1)},
      {"slice('a','b')", S("a", "b", None())},
      {"slice((1,),b'x',2.0)", S(T({1}), B("x"), 2.0)},
      {"frozenset()", F({})},
      {"frozenset([5])", F({5})},
      {"frozenset([5,6,7])", F({5, 6, 7})},
      {"frozenset([(1,2)])", F({T({1, 2})})},
      {"frozenset(['a'])", F({"a"})},
      {"frozenset([frozenset([1])])", F({F({1})})},
      {"('he', 7, 'llo', 8, (), 900, None, True, Ellipsis, 18.2, 18.2j + 13, slice(1,2,3), "
       "frozenset([5,6,7]), NotImplemented)",
       T({"he", 7, "llo", 8, T({}), 900, None(), true, Ellipsis(), 18.2, Complex(13, 18.2),
          S(1, 2, 3), F({5, 6, 7}), NotImplemented()})},
      {"(1, 0, (3, (2, ())))", T({1, 0, T({3, T({2, T({})})})})},
      {"(0, (3, (2, ())))", T({0, T({3, T({2, T({})})})})},
      {"(2, 0, (1, 3))", T({2, 0, T({1, 3})})},
      {"(2, 1, (4, ('builtins.list', 139872, 139873)))",
       T({2, 1, T({4, T({"builtins.list", 139872, 139873})})})},
      {"(3, 2, 1)", T({3, 2, 1})},
      {"('RPYC', 'REGISTER', (('CALC', 'MATH'), 18861))",
       T({"RPYC", "REGISTER", T({T({"CALC", "MATH"}), 18861})})},
      {"('RPYC', 'UNREGISTER', (18861,))", T({"RPYC", "UNREGISTER", T({18861})})},
      {"('RPYC', 'LIST', ((None,),))", T({"RPYC", "LIST", T({T({None()})})})},
      {"('RPYC', 'LIST', (('127.0.0.1',),))", T({"RPYC", "LIST", T({T({"127.0.0.1"})})})},
      {"(('127.0.0.1', 18861), ('10.0.0.2', 18862))",
       T({T({"127.0.0.1", 18861}), T({"10.0.0.2", 18862})})},
  };
}

class BrineGoldenTest : public ::testing::Test {
 protected:
  const std::vector<GoldenVector> vectors_ = ReadGoldenVectors("brine_vectors.json");
  const Limits limits_{};
};

TEST_F(BrineGoldenTest, BytesAndValuesAreRPyCs) {
  const auto expected = ExpectedValues();
  ASSERT_EQ(vectors_.size(), 115u);
  ASSERT_EQ(expected.size(), vectors_.size());
  for (size_t i = 0; i < vectors_.size(); ++i) {
    const std::string& name = vectors_[i].at("python_repr");
    const std::string& hex = vectors_[i].at("hex");
    const auto& [python, value] = expected[i];
    ASSERT_EQ(name, python);

    const absl::StatusOr<std::string> encoded = brine::EncodeToString(value, limits_);
    ASSERT_TRUE(encoded.ok()) << name << ": " << encoded.status();
    EXPECT_EQ(absl::BytesToHexString(*encoded), hex) << name;

    const absl::StatusOr<Value> decoded = brine::Decode(absl::HexStringToBytes(hex), limits_);
    ASSERT_TRUE(decoded.ok()) << name << ": " << decoded.status();
    EXPECT_EQ(*decoded, value) << name << " read as " << decoded->DebugString();
  }
}

TEST_F(BrineGoldenTest, DebugStringsArePythonsReprs) {
  const std::vector<GoldenVector> reprs = ReadGoldenVectors("brine_reprs.json");
  ASSERT_EQ(reprs.size(), vectors_.size());
  for (size_t i = 0; i < vectors_.size(); ++i) {
    ASSERT_EQ(reprs[i].at("hex"), vectors_[i].at("hex"));
    const absl::StatusOr<Value> decoded =
        brine::Decode(absl::HexStringToBytes(reprs[i].at("hex")), limits_);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->DebugString(1 << 20), reprs[i].at("repr"));
  }
}

TEST_F(BrineGoldenTest, EveryTruncationIsRefused) {
  for (const GoldenVector& vector : vectors_) {
    const std::string bytes = absl::HexStringToBytes(vector.at("hex"));
    for (size_t size = 0; size < bytes.size(); ++size) {
      const absl::string_view cut = absl::string_view(bytes).substr(0, size);
      ASSERT_FALSE(brine::Decode(cut, limits_).ok()) << vector.at("python_repr") << " " << size;
      ASSERT_FALSE(brine::Reader(cut, limits_).SkipValue().ok());
    }
    brine::Reader reader(bytes, limits_);
    EXPECT_EQ(reader.SkipValue()->size(), bytes.size());
  }
}

}  // namespace
}  // namespace rpyc
