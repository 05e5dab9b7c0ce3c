// These tests say what objects of a peer are asked, in which order, and what their answers become.

#include "rpyc/cast/ask.h"

#include <complex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/cast/container.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"
#include "rpyc/cast/variant.h"
#include "rpyc/errors.h"
#include "rpyc/testing/fake_peer.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Failure;
using testing::FakePeer;

using Names = std::vector<std::string>;
const CallContext kContext;

// Returns the text of what becomes of a T.
template <typename T>
std::string As(Value value) {
  absl::StatusOr<T> converted = FromPython<T>(kContext, value);
  return converted.ok() ? Cast<T>::To(*converted).DebugString(400) : Failure(converted.status());
}

TEST(Ask, AnIntByIndexAlone) {
  FakePeer peer;
  peer.answers = {{"__index__", Value(5)}, {"__float__", Value(5.5)}};
  EXPECT_EQ(As<int>(peer.Make("numpy.int64")), "5");
  EXPECT_EQ(As<uint8_t>(peer.Make("numpy.int64")), "5");
  EXPECT_EQ(peer.asked, (Names{"__index__", "__index__"}));
  peer.answers = {{"__index__", Value(BigInt{"18446744073709551615"})}};
  EXPECT_EQ(As<uint64_t>(peer.Make("m.C")), "18446744073709551615");
  EXPECT_EQ(As<int>(peer.Make("m.C")),
            "OverflowError: int out of range for the C++ type: 18446744073709551615");
  peer.answers = {{"__float__", Value(5.0)}};
  EXPECT_EQ(As<int>(peer.Make("numpy.float64")), "TypeError: expected int, got numpy.float64");
}

TEST(Ask, RefusalsSayWhy) {
  FakePeer peer;
  peer.answers = {{"__index__", PyStatus("TypeError", "only integer scalar arrays")}};
  EXPECT_EQ(As<int>(peer.Make("numpy.ndarray")),
            "TypeError: expected int, got numpy.ndarray: only integer scalar arrays");
  peer.answers = {{"__index__", Value("three")}};
  EXPECT_EQ(As<int>(peer.Make("m.C")), "TypeError: expected int, got m.C: it answered with a str");
  peer.answers = {{"__index__", PyStatus("ZeroDivisionError", "no index")}};
  EXPECT_EQ(As<int>(peer.Make("m.C")), "ZeroDivisionError: no index");
  EXPECT_EQ(As<double>(peer.Make("m.C")), "ZeroDivisionError: no index");
}

TEST(Ask, AFloatByFloatThenByIndex) {
  FakePeer peer;
  peer.answers = {{"__index__", Value(5)}, {"__float__", Value(5.5)}};
  EXPECT_EQ(As<double>(peer.Make("decimal.Decimal")), "5.5");
  EXPECT_EQ(peer.asked, Names{"__float__"});
  peer.answers.erase("__float__");
  EXPECT_EQ(As<double>(peer.Make("m.C")), "5.0");
  EXPECT_EQ(peer.asked, (Names{"__float__", "__float__", "__index__"}));
  peer.answers = {{"__float__", Value(5)}};
  EXPECT_EQ(As<double>(peer.Make("m.C")),
            "TypeError: expected float, got m.C: it answered with a int");
}

TEST(Ask, WhatCannotBeIsNotAsked) {
  FakePeer peer;
  peer.answers = {{"__index__", Value(5)}, {"__float__", Value(5.5)}, {"str", "(1+2j)"}};
  for (const char* name : {"builtins.list", "builtins.function", "builtins.range"}) {
    EXPECT_EQ(As<int>(peer.Make(name)),
              absl::StrCat("TypeError: expected int, got ", std::string(name).substr(9)));
    As<double>(peer.Make(name));
    As<std::complex<double>>(peer.Make(name));
    As<std::string>(peer.Make(name));
    As<bool>(peer.Make(name));
    As<Bytes>(peer.Make(name));
  }
  // numpy would read the text, or drop the imaginary part.
  EXPECT_EQ(As<double>(peer.Make("numpy.str_")), "TypeError: expected float, got numpy.str_");
  EXPECT_EQ(As<double>(peer.Make("numpy.complex128")),
            "TypeError: expected float, got numpy.complex128");
  // Every object has a truth.
  EXPECT_EQ(As<bool>(peer.Make("numpy.int64")), "TypeError: expected bool, got numpy.int64");
  EXPECT_EQ(peer.asked, Names{});
}

TEST(Ask, ABoolOfNumpy) {
  FakePeer peer;
  peer.answers = {{"__bool__", Value(true)}};
  EXPECT_EQ(As<bool>(peer.Make("numpy.bool_")), "True");
  EXPECT_EQ(As<bool>(peer.Make("numpy.bool")), "True");
}

TEST(Ask, AComplexByItsText) {
  FakePeer peer;
  const auto of = [&peer](const char* text) {
    peer.answers = {{"str", text}};
    return As<std::complex<double>>(peer.Make("numpy.complex128"));
  };
  EXPECT_EQ(of("(1+2j)"), "(1+2j)");
  EXPECT_EQ(of("(1e+300-1e-300j)"), "(1e+300-1e-300j)");
  EXPECT_EQ(of("-3j"), "-3j");
  EXPECT_EQ(of("(-0-3.5j)"), "(-0-3.5j)");
  EXPECT_EQ(of("(nan+infj)"), "(nan+infj)");
  for (const char* text : {"", "j", "(1+2j", "1", "(1+2i)", "(1+2+3j)", "(x+2j)"}) {
    EXPECT_EQ(of(text), "TypeError: expected complex, got numpy.complex128") << text;
  }
  peer.answers = {{"__sub__", Value(std::complex<double>(1, 2))}};
  EXPECT_EQ(As<std::complex<double>>(peer.Make("m.MyComplex")), "(1+2j)");
}

TEST(Ask, TextOfSubclassesOfStr) {
  FakePeer peer;
  peer.methods = {"casefold", "isidentifier", "maketrans", "__getitem__", "__iter__", "__len__"};
  peer.answers = {{"__getitem__", Value("inner")}, {"str", Value("shown")}};
  EXPECT_EQ(As<std::string>(peer.Make("m.Name")), "'inner'");
  EXPECT_EQ(As<absl::string_view>(peer.Make("m.Name")), "'inner'");
  // the class is known now
  EXPECT_EQ(peer.asked, (Names{"inspect", "__getitem__", "__getitem__"}));
  peer.answers.erase("__getitem__");
  EXPECT_EQ(As<std::string>(peer.Make("m.Name")), "'shown'");
  // A UserString is no str: slicing it gives another UserString.
  peer.answers["__getitem__"] = peer.Make("collections.UserString", 88);
  EXPECT_EQ(As<std::string>(peer.Make("collections.UserString", 88)),
            "TypeError: expected str, got collections.UserString: it answered with a "
            "collections.UserString");
}

TEST(Ask, TextOfNothingElse) {
  FakePeer peer;
  peer.methods = {"__str__", "__getitem__", "__len__"};
  peer.answers = {{"__getitem__", Value("x")}, {"str", Value("x")}};
  EXPECT_EQ(As<std::string>(peer.Make("m.C")), "TypeError: expected str, got m.C");
  EXPECT_EQ(peer.asked, Names{"inspect"});
}

std::string BytesOf(FakePeer& peer, absl::string_view name) { return As<Bytes>(peer.Make(name)); }

TEST(Ask, ByteArraysByTheirRepr) {
  FakePeer peer;
  peer.answers = {{"repr", Value(R"(bytearray(b'a\x00\xff\\\'"\n\r\t~'))")}};
  EXPECT_EQ(BytesOf(peer, "builtins.bytearray"), R"(b'a\x00\xff\\\'"\n\r\t~')");
  peer.answers = {{"repr", Value(R"(bytearray(b"it's"))")}};
  EXPECT_EQ(BytesOf(peer, "builtins.bytearray"), R"(b"it's")");
  peer.answers = {{"repr", Value("bytearray(b'')")}};
  EXPECT_EQ(BytesOf(peer, "builtins.bytearray"), "b''");
  // If the class has its own repr, or the peer lies, the items are read.
  for (const char* text : {"", "bytearray", "(b')", "(b'a", "(b'\\", "(b'\\x1')", "(b'\\q')",
                           "(b''')", "(b'\xc3\xa4')", "(b'\\')", "(b\"')", "('a')"}) {
    peer.asked.clear();
    peer.answers = {{"repr", Value(text)}};
    EXPECT_EQ(BytesOf(peer, "builtins.bytearray"), "TypeError: 'bytearray' object is not iterable")
        << text;
  }
}

TEST(Ask, BuffersByToBytes) {
  FakePeer peer;
  peer.answers = {{"tobytes", Value(Bytes{"abc"})}};
  EXPECT_EQ(BytesOf(peer, "builtins.memoryview"), "b'abc'");
  EXPECT_EQ(BytesOf(peer, "numpy.ndarray"), "b'abc'");
  peer.methods = {"tobytes", "append"};
  EXPECT_EQ(BytesOf(peer, "array.array"), "b'abc'");
  peer.answers.clear();
  EXPECT_EQ(BytesOf(peer, "array.array"),
            "TypeError: expected bytes, got array.array: pass what its tobytes() gives");
  EXPECT_EQ(BytesOf(peer, "builtins.list"), "TypeError: expected bytes, got list");
}

TEST(Ask, ItemsAllAtTheSameTime) {
  FakePeer peer;
  peer.answers = {{"__index__", Value(7)}};
  std::vector<Value> items;
  for (int i = 0; i < 200; ++i) items.push_back(peer.Make("numpy.int64"));
  items[5] = Value(3);
  Value tuple = Value::Tuple(items);
  const absl::StatusOr<std::vector<int>> numbers = FromPython<std::vector<int>>(kContext, tuple);
  ASSERT_TRUE(numbers.ok());
  EXPECT_EQ((*numbers)[0] + (*numbers)[5] + (*numbers)[199], 7 + 3 + 7);
  EXPECT_EQ(peer.asked.size(), 199u);
  EXPECT_GE(peer.max_unawaited, 64);
  // An object whose answer is no int is asked again, for its error.
  peer.answers = {{"__index__", PyStatus("TypeError", "odd")}};
  EXPECT_EQ(As<std::vector<int>>(Value::Tuple({peer.Make("m.A"), peer.Make("m.A")})),
            "TypeError: item 0: expected int, got m.A: odd");
}

TEST(Ask, AVariantAsksWhatTheClassCanAnswer) {
  using Any = std::variant<bool, int64_t, double, std::string, std::vector<int>>;
  FakePeer peer;
  peer.methods = {"__float__"};
  peer.answers = {{"__float__", Value(1.5)}};
  EXPECT_EQ(As<Any>(peer.Make("numpy.float64")), "1.5");
  EXPECT_EQ(As<Any>(peer.Make("numpy.float64")), "1.5");
  EXPECT_EQ(peer.asked, (Names{"inspect", "__float__", "__float__"}));
  peer.asked.clear();
  peer.methods = {"__index__", "__float__", "__getitem__"};
  peer.answers = {{"__index__", Value(4)}};
  EXPECT_EQ(As<Any>(peer.Make("numpy.int64", 16)), "4");
  EXPECT_EQ(peer.asked, (Names{"inspect", "__index__"}));
  // An array of one number counts as a sequence where a sequence is accepted.
  peer.asked.clear();
  peer.methods = {"__index__", "__float__", "__getitem__", "__iter__", "__len__"};
  peer.answers.insert({"items", PyStatus("TypeError", "not iterable")});
  EXPECT_EQ(As<Any>(peer.Make("numpy.ndarray", 24)),
            "TypeError: expected bool | int | float | str | Iterable[int], got numpy.ndarray");
  EXPECT_EQ(peer.asked, (Names{"inspect", "__iter__", "items"}));
  // If only one alternative would ask, it asks.
  peer.asked.clear();
  EXPECT_EQ((As<std::variant<std::monostate, int>>(peer.Make("m.Other", 32))), "4");
  EXPECT_EQ(peer.asked, Names{"__index__"});
}

TEST(Ask, PlainValuesWithoutLoss) {
  FakePeer peer;
  const auto plain = [&peer](absl::string_view name, int64_t class_id) -> std::string {
    absl::StatusOr<std::optional<Value>> value =
        cast_internal::AskPlainValue(kContext, peer.Make(name, class_id));
    if (!value.ok()) return Failure(value.status());
    return *value ? (*value)->DebugString() : "none";
  };
  peer.answers = {{"__index__", Value(4)}, {"__float__", Value(0.5)}, {"__getitem__", Value("x")}};
  peer.methods = {"__index__", "__float__"};
  EXPECT_EQ(plain("enum.Colour", 16), "4");
  peer.methods = {"__float__"};
  EXPECT_EQ(plain("decimal.Decimal", 24), "none");
  EXPECT_EQ(plain("numpy.float32", 32), "0.5");
  peer.methods = {"__float__", "fromhex", "is_integer"};
  EXPECT_EQ(plain("m.MyFloat", 40), "0.5");
  peer.methods = {"casefold", "isidentifier", "maketrans", "__getitem__", "__iter__", "__len__"};
  EXPECT_EQ(plain("m.MyStr", 48), "'x'");
  peer.methods = {"__index__", "__iter__", "__len__"};
  EXPECT_EQ(plain("numpy.ndarray", 56), "none");
}

}  // namespace
}  // namespace rpyc
