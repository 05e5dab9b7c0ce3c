// These tests cover structs by value, as Python sees them and as arguments.

#include "rpyc/cast/struct.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/cast/testing/conversion.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/list.h"
#include "rpyc/materialize.h"
#include "rpyc/service.h"
#include "rpyc/testing/fake_peer.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::AttributeOrFailure;
using testing::CallMethod;
using testing::Failure;
using testing::FakePeer;
using testing::ReprOf;
using testing::ReprOfTaken;

struct Limits {
  double low = 0;
  double high = 5;
  friend void RpycExpose(StructDef<Limits>& s) {
    s.Doc("Where an axis may go.").Field("low", &Limits::low).Field("high", &Limits::high, 10.0);
  }
};

struct Base {
  std::string name;
};
struct Axis : Base {
  Limits limits;
  std::optional<int> steps;
  std::map<std::string, int> table;
  friend void RpycExpose(StructDef<Axis>& s) {
    s.Field("name", &Axis::name)
        .Field("limits", &Axis::limits)
        .Field("steps", &Axis::steps, std::nullopt)
        .Field("table", &Axis::table, {});
  }
};

// C++ makes one only from a number, so it only goes out.
struct Reading {
  explicit Reading(int number) : number(number) {}
  int number;
  friend void RpycExpose(StructDef<Reading>& s) { s.Field("number", &Reading::number); }
};

const CallContext kContext;

TEST(Struct, IsReadByNameAndByPosition) {
  const Value limits = Cast<Limits>::To({.low = 1, .high = 2});
  EXPECT_EQ(ReprOf(limits), "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(limits.type_name(), "cpp.Limits");
  EXPECT_EQ(AttributeOrFailure(limits, "low"), Value(1.0));
  EXPECT_EQ(*CallMethod(limits, "__len__"), Value(2));
  EXPECT_EQ(*CallMethod(limits, "__getitem__", {Value(-1)}), Value(2.0));
  EXPECT_EQ(*CallMethod(limits, "__getitem__", {Value("high")}), Value(2.0));
  EXPECT_TRUE(IsPyStatus(CallMethod(limits, "__getitem__", {Value("hgih")}).status(), "KeyError"));
  EXPECT_EQ(Failure(CallMethod(limits, "__getitem__", {Value(2)})),
            "IndexError: tuple index out of range");
  EXPECT_EQ(CallMethod(limits, "__getitem__", {Value::Slice(1, Value(), Value())})->DebugString(),
            "(2.0,)");
  EXPECT_EQ(*CallMethod(limits, "__contains__", {Value(2)}), Value(true));
  EXPECT_EQ(Materialize(kContext, limits)->DebugString(), "(('low', 1.0), ('high', 2.0))");
  absl::StatusOr<Value> keys =
      (*limits.AsObject())->CallAttr(kContext, {.name = "keys", .exposed = true}, {});
  EXPECT_EQ(keys->DebugString(), "('low', 'high')");
}

TEST(Struct, ComparesAsATupleAndHasNoHash) {
  const Value limits = Cast<Limits>::To({.low = 1, .high = 2});
  Object& object = **limits.AsObject();
  const auto compare = [&](absl::string_view op, const Value& other) {
    return *object.Compare(kContext, op, other);
  };
  EXPECT_EQ(compare("__eq__", Value::Tuple({1, 2})), Value(true));
  EXPECT_EQ(compare("__eq__", Cast<Limits>::To({.low = 1, .high = 2})), Value(true));
  EXPECT_EQ(compare("__ne__", Cast<Limits>::To({.low = 1, .high = 3})), Value(true));
  EXPECT_EQ(compare("__lt__", Value::Tuple({1, 3})), Value(true));
  EXPECT_EQ(compare("__ge__", Value::Tuple({2})), Value(false));
  EXPECT_EQ(compare("__eq__", Value(1)), Value(NotImplemented()));
  EXPECT_EQ(compare("__eq__", Cast<Reading>::To(Reading(1))), Value(NotImplemented()));
  EXPECT_EQ(Failure(object.Hash(kContext)), "TypeError: unhashable type: 'cpp.Limits'");
}

TEST(Struct, IsACopyThatCannotBeChanged) {
  const Value limits = Cast<Limits>::To({.low = 1, .high = 2});
  const Object& object = **limits.AsObject();
  EXPECT_FALSE(object.OwnRule(Access::kGet, "high").has_value());
  EXPECT_EQ(Failure(object.OwnRule(Access::kSet, "high")->status()),
            "AttributeError: cannot set 'high': this Limits is a copy; pass a new one, or a dict "
            "of its fields, to what takes a Limits");
  EXPECT_EQ(Failure(object.OwnRule(Access::kDelete, "high")->status()).substr(0, 38),
            "AttributeError: cannot delete 'high': ");
}

TEST(Struct, TakesItselfADictAndItems) {
  EXPECT_EQ(ReprOfTaken<Limits>(Cast<Limits>::To({.low = 1, .high = 2})),
            "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(ReprOfTaken<Limits>(Dict{{"high", 2}, {"low", 1}}.ToValue()),
            "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(ReprOfTaken<Limits>(Value::Tuple({1, 2})), "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(ReprOfTaken<Limits>(List{1, 2}.ToValue()), "Limits(low=1.0, high=2.0)");
  // The field's definition gives the default.
  EXPECT_EQ(ReprOfTaken<Limits>(Dict{{"low", 1}}.ToValue()), "Limits(low=1.0, high=10.0)");
  EXPECT_EQ(ReprOfTaken<Limits>(Value::Tuple({1})), "Limits(low=1.0, high=10.0)");
}

TEST(Struct, AnErrorNamesTheField) {
  const std::string of = "TypeError: Limits (low, high) ";
  EXPECT_EQ(ReprOfTaken<Limits>(Dict{{"high", 2}}.ToValue()), of + "misses its field low");
  EXPECT_EQ(ReprOfTaken<Limits>(Value::Tuple({})), of + "misses its field low");
  EXPECT_EQ(ReprOfTaken<Limits>(Dict{{"low", 1}, {"hgih", 2}}.ToValue()),
            of + "has no field 'hgih'; did you mean \"high\"?");
  EXPECT_EQ(ReprOfTaken<Limits>(Dict{{1, 1}}.ToValue()), of + "has no field 1");
  EXPECT_EQ(ReprOfTaken<Limits>(Value::Tuple({1, "x"})),
            "TypeError: field high: expected float, got str");
  EXPECT_EQ(ReprOfTaken<Limits>(Value::Tuple({1, 2, 3})),
            "TypeError: expected Limits (low, high), got more than 2 items");
  EXPECT_EQ(ReprOfTaken<Limits>(5), "TypeError: expected Limits (low, high), got int");
  EXPECT_EQ(ReprOfTaken<Limits>(Cast<Reading>::To(Reading(1))),
            "TypeError: expected Limits (low, high), got cpp.Reading");
  EXPECT_EQ(ReprOfTaken<std::vector<Limits>>(Value::Tuple({Value::Tuple({1}), Value(2)})),
            "TypeError: item 1: expected Limits (low, high), got int");
}

TEST(Struct, Nests) {
  const Value axis = Cast<Axis>::To({{"x"}, {.low = 1, .high = 2}, 5, {{"a", 1}}});
  EXPECT_EQ(ReprOf(axis),
            "Axis(name='x', limits=Limits(low=1.0, high=2.0), steps=5, "
            "table={'a': 1})");
  // A field that is held by reference is the same object at each reading.
  EXPECT_EQ(AttributeOrFailure(axis, "table"), AttributeOrFailure(axis, "table"));
  EXPECT_EQ(ReprOfTaken<Axis>(axis), ReprOf(axis));
  EXPECT_EQ(ReprOfTaken<Axis>(Value::Tuple({"x", Value::Tuple({1, "y"})})),
            "TypeError: field limits: field high: expected float, got str");
  EXPECT_EQ(ReprOfTaken<Axis>(Value::Tuple({"x", Dict{{"low", 1}}.ToValue()})),
            "Axis(name='x', limits=Limits(low=1.0, high=10.0), steps=None, table={})");
  EXPECT_EQ(Materialize(kContext, axis)->DebugString(),
            "(('name', 'x'), ('limits', (('low', 1.0), ('high', 2.0))), ('steps', 5), ('table', "
            "(('a', 1),)))");
}

TEST(Struct, ReadsAPeersMapping) {
  FakePeer peer;
  peer.methods = {"keys", "__iter__", "__getitem__", "__len__"};
  peer.answers = {{"__iter__", peer.Make("m.Iterator")},
                  {"items", Value::Tuple({"low"})},
                  {"__getitem__", Value(3)}};
  EXPECT_EQ(ReprOfTaken<Limits>(peer.Make("collections.OrderedDict")),
            "Limits(low=3.0, high=10.0)");
}

TEST(Struct, ReadsAPeersAttributes) {
  FakePeer peer;
  peer.answers = {{".low", Value(3)}, {".high", Value(4)}};
  EXPECT_EQ(ReprOfTaken<Limits>(peer.Make("m.Range")), "Limits(low=3.0, high=4.0)");
  peer.answers = {{".low", Value(3)}};
  EXPECT_EQ(ReprOfTaken<Limits>(peer.Make("m.Range")), "Limits(low=3.0, high=10.0)");
  peer.answers = {};
  EXPECT_EQ(ReprOfTaken<Limits>(peer.Make("m.Range")),
            "TypeError: expected Limits (low, high), got "
            "m.Range: pass a dict or a tuple of its fields");
  peer.answers = {{".low", PyStatus("EOFError", "gone")}};
  EXPECT_EQ(ReprOfTaken<Limits>(peer.Make("m.Range")), "EOFError: gone");
}

TEST(Struct, ReadsAPeersItemsUnlessTheyAreNamedOtherwise) {
  const auto taken = [](absl::string_view repr) {
    FakePeer peer;
    peer.methods = {"__iter__", "__getitem__", "__len__"};
    peer.answers = {{"__iter__", peer.Make("m.Iterator")},
                    {"items", Value::Tuple({1, 2})},
                    {"repr", Value(repr)}};
    return ReprOfTaken<Limits>(peer.Make("m.Range"));
  };
  EXPECT_EQ(taken("Range(low=1, high=2)"), "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(taken("array([1, 2])"), "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(taken("no parenthesis"), "Limits(low=1.0, high=2.0)");
  EXPECT_EQ(taken("Range(high=2, low=1)"),
            "TypeError: expected Limits (low, high), got m.Range: its fields have other names, or "
            "another order; pass a dict: Range(high=2, low=1)");
  EXPECT_EQ(taken("Range(lower=1, high=2)").substr(0, 10), "TypeError:");
}

TEST(Struct, IsMadeByItsClass) {
  const Value limits = Cast<ClassReference>::To(Struct<Limits>());
  Object& made = **limits.AsObject();
  EXPECT_EQ(ReprOf(made.Call(kContext, {.positional = {Value(1)}, .keyword = {}})),
            "Limits(low=1.0, high=10.0)");
  EXPECT_EQ(ReprOf(made.Call(kContext, {.positional = {}, .keyword = {{"low", Value(1)}}})),
            "Limits(low=1.0, high=10.0)");
  EXPECT_EQ(Failure(made.Call(kContext, {.positional = {Value("x")}, .keyword = {}})),
            "TypeError: field low: expected float, got str");
  EXPECT_TRUE(*made.HasInstance(kContext, **Cast<Limits>::To({}).AsObject()));
  EXPECT_FALSE(*made.HasInstance(kContext, **Cast<Reading>::To(Reading(1)).AsObject()));
  const Value reading = Cast<ClassReference>::To(Struct<Reading>());
  EXPECT_EQ(Failure((*reading.AsObject())->Call(kContext, {})),
            "TypeError: cannot create 'cpp.Reading' instances");
}

TEST(Struct, SignaturesNameIt) {
  const Service service = Service("S").Expose(
      "f", [](Limits limits) { return limits; }, Arg("limits"));
  EXPECT_EQ(service.root_class().Find("f")->signature.ToString(), "(limits: Limits) -> Limits");
}

struct Twice {
  int a = 0;
  friend void RpycExpose(StructDef<Twice>& s) { s.Field("a", &Twice::a).Field("a", &Twice::a); }
};
struct Gap {
  int a = 0;
  int b = 0;
  friend void RpycExpose(StructDef<Gap>& s) { s.Field("a", &Gap::a, 1).Field("b", &Gap::b); }
};
struct Keyword {
  int a = 0;
  friend void RpycExpose(StructDef<Keyword>& s) { s.Field("from", &Keyword::a); }
};

TEST(StructDeathTest, AWrongDefinitionEndsTheProgram) {
  EXPECT_DEATH(StructOf<Twice>(),
               "rpyc: cannot expose the struct cpp.Twice: it has two fields named a");
  EXPECT_DEATH(StructOf<Gap>(), "cannot expose the struct cpp.Gap: the field b needs a default");
  EXPECT_DEATH(StructOf<Keyword>(), "'from' is no name that Python can write after a dot");
}

}  // namespace
}  // namespace rpyc
