// These tests say what containers, maps, variants and durations take and give, through a service's
// methods.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rpyc/bind/method.h"
#include "rpyc/cast/sequence.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/object.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using rpyc::testing::Failure;
using rpyc::testing::ReprOf;

// Returns the result of f(value), where f is exposed.
template <typename F, typename... Extras>
absl::StatusOr<Value> Through(F f, Value value, Extras... extras) {
  const Service service = Service("S").Expose("f", std::move(f), Arg("x"), extras...);
  return (*service.MakeRoot())
      ->CallAttr(CallContext(), {.name = "f", .exposed = true},
                 CallArgs{.positional = {std::move(value)}, .keyword = {}});
}
template <typename T>
std::string Echo(Value value) {
  return ReprOf(Through([](T x) { return x; }, std::move(value)));
}
template <typename T>
std::string Signed() {
  const Service service = Service("S").Expose(
      "f", [](T x) { return x; }, Arg("x"));
  return service.root_class().Find("f")->signature.ToString();
}

// Behaves as the proxy of a peer's iterable does: items come in batches, by NextItems only.
class FakeSequence : public Object {
 public:
  explicit FakeSequence(std::vector<Value> items, absl::string_view name = "builtins.list")
      : items_(std::move(items)), name_(name) {}
  absl::string_view type_name() const override { return name_; }
  int64_t class_id() const override { return 1; }
  absl::StatusOr<Value> CallAttr(const CallContext&, AttributeRef attribute,
                                 CallArgs args) override {
    if (attribute.name == "__iter__") return Value(shared_from_this());
    if (attribute.name == "__getitem__") {
      return Value::Tuple({"value of", args.positional[0]});
    }
    return PyStatus("AttributeError", "cannot access");
  }
  absl::StatusOr<std::vector<Value>> NextItems(const CallContext&, size_t count) override {
    batches.push_back(count);
    const size_t end = std::min(items_.size(), next_ + count);
    std::vector<Value> batch(items_.begin() + static_cast<int64_t>(next_),
                             items_.begin() + static_cast<int64_t>(end));
    next_ = end;
    return batch;
  }
  std::vector<size_t> batches;

 private:
  const std::vector<Value> items_;
  const std::string name_;
  size_t next_ = 0;
};

TEST(SequenceCast, TakesOtherSequences) {
  EXPECT_EQ(Echo<std::deque<int>>(List{1, 2}.ToValue()), "(1, 2)");
  EXPECT_EQ(Echo<std::list<std::string>>(Value::Tuple({"a"})), "('a',)");
  EXPECT_EQ(Echo<std::forward_list<int>>(Value::Tuple({1, 2, 3})), "(1, 2, 3)");
  EXPECT_EQ(Echo<std::forward_list<int>>(Value::Tuple({1, "x"})),
            "TypeError: f() argument 'x': item 1: expected int, got str");
  EXPECT_EQ(Signed<std::list<int>>(), "(x: Iterable[int]) -> tuple[int, ...]");
  EXPECT_EQ(Signed<std::forward_list<int>>(), "(x: Iterable[int]) -> tuple[int, ...]");
}

TEST(SequenceCast, OfBytesIsBytes) {
  EXPECT_EQ(Echo<std::vector<uint8_t>>(Value(Bytes{"ab"})), "b'ab'");
  EXPECT_EQ(Echo<std::vector<std::byte>>(Value::Tuple({97, 0, 255})), "b'a\\x00\\xff'");
  EXPECT_EQ(Echo<std::vector<char>>(List{97, 98}.ToValue()), "b'ab'");
  EXPECT_EQ((Echo<std::array<uint8_t, 2>>(Value(Bytes{"ab"}))), "b'ab'");
  EXPECT_EQ((Echo<std::array<std::byte, 2>>(Value(Bytes{"abc"}))),
            "ValueError: f() argument 'x': expected 2 items, got 3");
  EXPECT_EQ(Echo<std::vector<uint8_t>>(Value::Tuple({1, 256})),
            "OverflowError: f() argument 'x': item 1: int out of range for the C++ type: 256");
  EXPECT_EQ(Echo<std::vector<char>>("ab"), "TypeError: f() argument 'x': expected bytes, got str");
  EXPECT_EQ(Echo<std::vector<uint8_t>>(5), "TypeError: f() argument 'x': expected bytes, got int");
  EXPECT_EQ(Signed<std::vector<uint8_t>>(), "(x: bytes) -> bytes");
  // One-byte numbers, signed ones, are numbers and not bytes.
  EXPECT_EQ(Echo<std::vector<int8_t>>(Value::Tuple({1})), "(1,)");
}

TEST(StringCast, ACharIsAStrOfOneCharacter) {
  EXPECT_EQ(Echo<char>("x"), "'x'");
  EXPECT_EQ(Echo<std::vector<std::string_view>::value_type>("ab"), "'ab'");
  EXPECT_EQ(Echo<char>(""),
            "ValueError: f() argument 'x': expected a str of one ASCII character, "
            "got ''");
  EXPECT_EQ(Echo<char>("\u00e9").substr(0, 11), "ValueError:");
  EXPECT_EQ(Echo<char>(97), "TypeError: f() argument 'x': expected str, got int");
  EXPECT_EQ(Failure(Through([](int x) { return static_cast<char>(x); }, Value(-23))),
            "ValueError: the C++ char 233 is no ASCII character; return a number or rpyc::Bytes");
}

TEST(StringCast, BorrowsTextDuringTheCall) {
  EXPECT_EQ(Echo<std::string_view>("a text that is longer than a short string"),
            "'a text that is longer than a short string'");
  EXPECT_EQ(Echo<std::optional<std::string_view>>("ab"), "'ab'");
  EXPECT_EQ(Echo<std::optional<std::string_view>>(Value()), "None");
  EXPECT_EQ(ReprOf(Through(
                [](std::string x) {
                  static std::string kept;
                  kept = std::move(x);
                  return std::vector<std::string_view>{kept, "b"};
                },
                "a")),
            "('a', 'b')");
}

TEST(MapCast, WithAnyOrder) {
  EXPECT_EQ((Echo<std::map<std::string, int, std::greater<>>>(Dict{{"a", 1}, {"b", 2}}.ToValue())),
            "{'b': 2, 'a': 1}");
  EXPECT_EQ((Echo<std::set<int, std::greater<>>>(Value::Tuple({1, 2}))), "frozenset({2, 1})");
}

TEST(SequenceCast, CopiesAnyIterable) {
  const Value tuple = Value::Tuple({1, 2});
  EXPECT_EQ(Echo<std::vector<int>>(tuple), "(1, 2)");
  EXPECT_EQ(Echo<std::vector<int>>(Value::Frozenset({5})), "(5,)");
  EXPECT_EQ(Echo<std::vector<int>>(List{1, 2}.ToValue()), "(1, 2)");
  EXPECT_EQ(Echo<std::vector<std::string>>(Dict{{"a", 1}}.ToValue()), "('a',)");
  EXPECT_EQ(Echo<std::vector<int>>(Value(Iterator(std::vector<int>{7, 8}).object())), "(7, 8)");
  EXPECT_EQ(Echo<std::vector<int>>(Value(std::make_shared<FakeSequence>(std::vector<Value>{3, 4}))),
            "(3, 4)");
  EXPECT_EQ((Echo<std::array<double, 2>>(tuple)), "(1.0, 2.0)");
  EXPECT_EQ(Echo<std::set<int>>(Value::Tuple({2, 1, 2})), "frozenset({1, 2})");
  EXPECT_EQ(Echo<std::unordered_set<int>>(List{1}.ToValue()), "frozenset({1})");
  EXPECT_EQ(Echo<std::vector<std::vector<int>>>(Value::Tuple({List{1}.ToValue(), tuple})),
            "((1,), (1, 2))");
}

TEST(SequenceCast, NamesTheWrongItem) {
  EXPECT_EQ(Echo<std::vector<int>>(List{1, 2, 3, "x"}.ToValue()),
            "TypeError: f() argument 'x': item 3: expected int, got str");
  EXPECT_EQ(
      Echo<std::vector<std::vector<int>>>(Value::Tuple({Value::Tuple({}), Value::Tuple({1, "x"})})),
      "TypeError: f() argument 'x': item 1: item 1: expected int, got str");
  EXPECT_EQ(Echo<std::vector<std::string>>("abc"),
            "TypeError: f() argument 'x': expected a list, tuple or other iterable, got str");
  EXPECT_EQ((Echo<std::array<int, 2>>(Value::Tuple({1}))),
            "ValueError: f() argument 'x': expected 2 items, got 1");
  const auto no_iterable = [] { return 1; };
  const Service service = Service("S").Expose("f", no_iterable);
  EXPECT_EQ(Echo<std::vector<int>>(Value(*service.MakeRoot())),
            "TypeError: f() argument 'x': 'cpp.S' object is not iterable");
}

TEST(SequenceCast, FetchesInBatchesThatGrow) {
  auto many = std::make_shared<FakeSequence>(std::vector<Value>(3000, Value(1)));
  EXPECT_TRUE(Through([](std::vector<int> x) { return x.size(); }, Value(many)).ok());
  EXPECT_EQ(many->batches, (std::vector<size_t>{32, 64, 128, 256, 512, 1000, 1000, 1000, 1000}));
  // A batch has fewer items if they are long, so that it is no huge frame.
  auto large =
      std::make_shared<FakeSequence>(std::vector<Value>(100, Value(std::string(100'000, 'x'))));
  EXPECT_EQ(*Through([](std::vector<std::string> x) { return x.size(); }, Value(large)),
            Value(100));
  EXPECT_EQ(large->batches[1], 10u);
}

TEST(SequenceCast, AnEndlessGeneratorIsAnError) {
  std::string text(100'000, 'x');
  const Iterator endless([&text] { return text; });
  const std::string error =
      Failure(Through([](std::set<std::string> x) { return x.size(); }, Value(endless.object())));
  EXPECT_TRUE(
      absl::StartsWith(error, "ValueError: f() argument 'x': too many items: over 268435456 bytes"))
      << error;
}

TEST(SequenceCast, ErrorsOfIteratingGoThrough) {
  const Iterator failing([]() -> int { throw KeyError("gone"); });
  EXPECT_EQ(Echo<std::vector<int>>(Value(failing.object())),
            "KeyError: \"f() argument 'x': gone\"");
}

TEST(MapCast, CopiesMappingsAndPairs) {
  using Map = std::map<std::string, int>;
  EXPECT_EQ(Echo<Map>(Dict{{"b", 1}, {"a", 2}}.ToValue()), "{'a': 2, 'b': 1}");
  EXPECT_EQ(Echo<Map>(Value::Tuple({Value::Tuple({"k", 1})})), "{'k': 1}");
  EXPECT_EQ(Echo<Map>(List{Value::Tuple({"k", 1}), List{"l", 2}.ToValue()}.ToValue()),
            "{'k': 1, 'l': 2}");
  EXPECT_EQ((Echo<std::unordered_map<int, std::pair<std::string, int>>>(
                Value(std::make_shared<FakeSequence>(std::vector<Value>{7}, "builtins.dict")))),
            "{7: ('value of', 7)}");
  EXPECT_EQ(Echo<Map>(Value::Tuple({Value::Tuple({"k", "v"})})),
            "TypeError: f() argument 'x': the value of 'k': expected int, got str");
  EXPECT_EQ(Echo<Map>(Value::Tuple({Value::Tuple({1, 2})})),
            "TypeError: f() argument 'x': key 1: expected str, got int");
  EXPECT_EQ(Echo<Map>(Value::Tuple({1})),
            "TypeError: f() argument 'x': cannot convert dictionary update sequence element #0 to "
            "a sequence");
  EXPECT_EQ(Echo<Map>(5),
            "TypeError: f() argument 'x': expected a dict or an iterable of pairs, "
            "got int");
}

TEST(VariantCast, TakesTheFirstThatFits) {
  using Any = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int>>;
  EXPECT_EQ(Echo<Any>(None()), "None");
  EXPECT_EQ(Echo<Any>(true), "True");
  EXPECT_EQ(Echo<Any>(1), "1");
  EXPECT_EQ(Echo<Any>(1.5), "1.5");
  EXPECT_EQ(Echo<Any>("x"), "'x'");
  EXPECT_EQ(Echo<Any>(Value::Tuple({1})), "(1,)");
  EXPECT_EQ((Echo<std::variant<int, std::string>>(1.5)),
            "TypeError: f() argument 'x': expected int | str, got float");
}

TEST(DurationCast, IsSeconds) {
  using std::chrono::milliseconds;
  EXPECT_EQ(Echo<milliseconds>(1.2345), "1.234");
  EXPECT_EQ(Echo<milliseconds>(2), "2.0");
  EXPECT_EQ(Echo<std::chrono::duration<double>>(0.1), "0.1");
  EXPECT_EQ(Echo<absl::Duration>(1.5), "1.5");
  EXPECT_EQ(Echo<absl::Duration>(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(Echo<milliseconds>(std::nan("")),
            "ValueError: f() argument 'x': cannot convert float NaN to a duration");
  EXPECT_EQ(Echo<std::chrono::nanoseconds>(1e10),
            "OverflowError: f() argument 'x': duration out of range for the C++ type: 1e+10 s");
  EXPECT_EQ(Echo<milliseconds>("x"), "TypeError: f() argument 'x': expected float, got str");
}

TEST(Casts, SayInASignatureWhatTheyTake) {
  EXPECT_EQ(Signed<std::vector<int>>(), "(x: Iterable[int]) -> tuple[int, ...]");
  EXPECT_EQ((Signed<std::optional<std::map<std::string, Value>>>()),
            "(x: Mapping[str, Any] | None) -> dict[str, Any] | None");
  EXPECT_EQ((Signed<std::pair<int, std::set<int>>>()),
            "(x: tuple[int, Iterable[int]]) -> tuple[int, frozenset[int]]");
}

TEST(ReturnPolicy, Reference) {
  const auto vector = [](int n) { return std::vector<int>(static_cast<size_t>(n), 7); };
  const absl::StatusOr<Value> list = Through(vector, 2, ReturnPolicy::kReference);
  EXPECT_EQ(ReprOf(list), "[7, 7]");
  EXPECT_TRUE(List::Of(*list).has_value());
  const auto map = [](int n) -> absl::StatusOr<std::map<int, int>> { return {{{n, 1}}}; };
  EXPECT_EQ(ReprOf(Through(map, 2, ReturnPolicy::kReference)), "{2: 1}");
}

TEST(ReturnPolicy, ByValue) {
  const auto map = [](int n) { return std::map<int, std::vector<int>>{{n, {1, 2}}}; };
  EXPECT_EQ(ReprOf(Through(map, 5, ReturnPolicy::kValue)), "((5, (1, 2)),)");
  const auto list = [](int n) { return List{n, List{n}.ToValue()}; };
  EXPECT_EQ(ReprOf(Through(list, 5, ReturnPolicy::kValue, "Doc.")), "(5, (5,))");
  const auto items = [](int n) { return Iterator(std::vector<int>{n, n}); };
  EXPECT_EQ(ReprOf(Through(items, 5, ReturnPolicy::kValue)), "(5, 5)");
}

}  // namespace
}  // namespace rpyc
