#include "rpyc/dict.h"

#include <cmath>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/list.h"
#include "rpyc/object.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using rpyc::testing::CallMethod;
using rpyc::testing::Failure;
using rpyc::testing::ReprOf;

TEST(Dict, IsComfortableInCpp) {
  Dict ages{{"ada", 36}, {"grace", 85.5}};
  ages.Set("alan", 41);
  ages.Set(7, "seven");
  EXPECT_EQ(*ages.Get<int>("ada"), 36);
  EXPECT_EQ(*ages.Get<std::string>(7), "seven");
  EXPECT_EQ(Failure(ages.Get("nobody").status()), "KeyError: 'nobody'");
  EXPECT_EQ(Failure(ages.Get<int>("grace").status()), "TypeError: expected int, got float");
  EXPECT_TRUE(ages.Contains("alan"));
  EXPECT_EQ(*ages.Pop("alan"), Value(41));
  EXPECT_FALSE(ages.Contains("alan"));
  EXPECT_EQ(ages.size(), 3u);
  EXPECT_EQ(ReprOf(ages.ToValue()), "{'ada': 36, 'grace': 85.5, 7: 'seven'}");
  EXPECT_TRUE(ages.Set(Value::Tuple({1, "x"}), 1).ok());
  EXPECT_EQ(Failure(ages.Set(List().ToValue(), 1)), "TypeError: unhashable type: 'list'");
  EXPECT_EQ(ReprOf(Dict(std::map<std::string, int>{{"a", 1}}).ToValue()), "{'a': 1}");
  Value value = ages.ToValue();
  EXPECT_TRUE(Cast<Dict>::From(value)->IsSameAs(ages));
  Value tuple = Value::Tuple({});
  EXPECT_EQ(Failure(Cast<Dict>::From(tuple).status()),
            "TypeError: expected a dict of this server, got tuple");
}

TEST(Dict, KeysAreEqualAsPythonsAre) {
  Dict dict;
  for (const Value& key : {Value(1), Value(1.0), Value(true), Value(std::complex<double>(1, 0))}) {
    ASSERT_TRUE(dict.Set(key, "one").ok());
  }
  EXPECT_EQ(ReprOf(dict.ToValue()), "{1: 'one'}") << "the first key stays";
  ASSERT_TRUE(dict.Set(Value::Tuple({1, 0.0}), 2).ok());
  ASSERT_TRUE(dict.Set(Value::Tuple({true, -0.0}), 3).ok());
  ASSERT_TRUE(dict.Set(Value::Frozenset({1, 2}), 4).ok());
  ASSERT_TRUE(dict.Set(Value::Frozenset({2.0, 1}), 5).ok());
  ASSERT_TRUE(dict.Set(Value(BigInt{"1180591620717411303424"}), 6).ok());
  ASSERT_TRUE(dict.Set(Value(std::ldexp(1.0, 70)), 7).ok());
  EXPECT_EQ(dict.size(), 4u);
  EXPECT_EQ(*dict.Get(Value(BigInt{"1180591620717411303424"})), Value(7));
  ASSERT_TRUE(dict.Set(Value("1"), 8).ok());
  ASSERT_TRUE(dict.Set(Value(Bytes{"1"}), 9).ok());
  EXPECT_EQ(dict.size(), 6u);
  EXPECT_EQ(Failure(dict.Set(Value::Slice(1, 2, 3), 1)), "TypeError: unhashable type: 'slice'");
}

TEST(Dict, IsADictToPython) {
  const Value dict = Dict{{"a", 1}, {"b", 2}}.ToValue();
  EXPECT_EQ((*dict.AsObject())->type_name(), "builtins.dict");
  EXPECT_TRUE((*dict.AsObject())->Has("__getitem__").special);
  EXPECT_FALSE((*dict.AsObject())->Has("keys").exposed) << "as on a Python server";
  EXPECT_EQ(*CallMethod(dict, "__len__"), Value(2));
  EXPECT_EQ(*CallMethod(dict, "__getitem__", {"b"}), Value(2));
  EXPECT_EQ(Failure(CallMethod(dict, "__getitem__", {5})), "KeyError: 5");
  EXPECT_EQ(Failure(CallMethod(dict, "__delitem__", {"z"})), "KeyError: 'z'");
  EXPECT_TRUE(CallMethod(dict, "__delitem__", {"a"}).ok());
  EXPECT_TRUE(CallMethod(dict, "__setitem__", {"a", 3}).ok());
  EXPECT_EQ(ReprOf(dict), "{'b': 2, 'a': 3}") << "what was deleted comes last again";
  EXPECT_EQ(*CallMethod(dict, "__contains__", {"a"}), Value(true));
  EXPECT_EQ(Failure(CallMethod(dict, "__contains__", {List().ToValue()})),
            "TypeError: unhashable type: 'list'");
  EXPECT_EQ(Failure((*dict.AsObject())->Hash(CallContext())), "TypeError: unhashable type: 'dict'");
  const auto is = [&](absl::string_view op, const Value& other) {
    return (*dict.AsObject())->Compare(CallContext(), op, other)->DebugString();
  };
  EXPECT_EQ(is("__eq__", Dict{{"a", 3.0}, {"b", 2}}.ToValue()), "True");
  EXPECT_EQ(is("__ne__", Dict{{"a", 3}}.ToValue()), "True");
  EXPECT_EQ(is("__eq__", Dict{{"a", 3}, {"c", 2}}.ToValue()), "False");
  EXPECT_EQ(is("__eq__", Value(1)), "NotImplemented");
  EXPECT_EQ(is("__lt__", Dict().ToValue()), "NotImplemented");
}

TEST(Dict, MethodsAreADictsOwn) {
  const Value dict = Dict{{"a", 1}, {"b", 2}}.ToValue();
  EXPECT_EQ(*CallMethod(dict, "get", {"a"}), Value(1));
  EXPECT_TRUE(CallMethod(dict, "get", {"z"})->is_none());
  EXPECT_EQ(*CallMethod(dict, "get", {"z", 5}), Value(5));
  EXPECT_EQ(*CallMethod(dict, "keys"), Value::Tuple({"a", "b"}));
  EXPECT_EQ(*CallMethod(dict, "values"), Value::Tuple({1, 2}));
  EXPECT_EQ(CallMethod(dict, "items")->DebugString(), "(('a', 1), ('b', 2))");
  EXPECT_EQ(*CallMethod(dict, "setdefault", {"a", 9}), Value(1));
  EXPECT_EQ(*CallMethod(dict, "setdefault", {"c", 3}), Value(3));
  EXPECT_EQ(*CallMethod(dict, "pop", {"a"}), Value(1));
  EXPECT_EQ(Failure(CallMethod(dict, "pop", {"a"})), "KeyError: 'a'");
  EXPECT_TRUE(CallMethod(dict, "pop", {"a", Value()})->is_none());
  EXPECT_TRUE(CallMethod(dict, "update", {Dict{{"d", 4}}.ToValue()}).ok());
  EXPECT_TRUE(CallMethod(dict, "update", {Value::Tuple({Value::Tuple({"e", 5})})}).ok());
  EXPECT_EQ(Failure(CallMethod(dict, "update", {Value::Tuple({1})})),
            "TypeError: cannot convert dictionary update sequence element #0 to a sequence");
  EXPECT_EQ(ReprOf(dict), "{'b': 2, 'c': 3, 'd': 4, 'e': 5}");
  EXPECT_EQ(CallMethod(dict, "popitem")->DebugString(), "('e', 5)");
  EXPECT_EQ(ReprOf(CallMethod(dict, "__or__", {Dict{{"b", 0}}.ToValue()})),
            "{'b': 0, 'c': 3, 'd': 4}");
  EXPECT_EQ(CallMethod(dict, "__or__", {1})->kind(), Value::Kind::kNotImplemented);
  EXPECT_EQ(ReprOf(CallMethod(dict, "__ior__", {Dict{{"b", 0}}.ToValue()})),
            "{'b': 0, 'c': 3, 'd': 4}");
  const absl::StatusOr<Value> copy = CallMethod(dict, "copy");
  EXPECT_TRUE(CallMethod(dict, "clear").ok());
  EXPECT_EQ(ReprOf(dict), "{}");
  EXPECT_EQ(ReprOf(copy), "{'b': 0, 'c': 3, 'd': 4}");
  EXPECT_EQ(Failure(CallMethod(dict, "popitem")), "KeyError: 'popitem(): dictionary is empty'");
}

TEST(Dict, MayHoldItself) {
  Dict dict;
  dict.Set("me", dict);
  EXPECT_EQ(ReprOf(dict.ToValue()), "{'me': {...}}");
  dict.clear();
}

TEST(Dict, NoticesChangesUnderAnIteration) {
  Dict dict{{"a", 1}, {"b", 2}, {"c", 3}};
  const auto iterate = [&](const char* name) { return *CallMethod(dict.ToValue(), name); };
  EXPECT_EQ(*(*iterate("__reversed__").AsObject())->NextItems(CallContext(), 9),
            (std::vector<Value>{"c", "b", "a"}));

  Value it = iterate("__iter__");
  EXPECT_EQ(*CallMethod(it, "__next__"), Value("a"));
  dict.Set("b", 20);
  EXPECT_EQ(*CallMethod(it, "__next__"), Value("b")) << "a new value is no change";
  dict.Set("d", 4);
  EXPECT_EQ(Failure(CallMethod(it, "__next__")),
            "RuntimeError: dictionary changed size during iteration");

  it = iterate("__iter__");
  for (int i = 0; i < 200; ++i) {  // the same size, and yet entries have moved
    dict.Set(i, i);
    EXPECT_TRUE(dict.Pop(i).ok());
  }
  EXPECT_EQ(Failure(CallMethod(it, "__next__")),
            "RuntimeError: dictionary keys changed during iteration");
  EXPECT_EQ(dict.Snapshot().size(), 4u);
}

TEST(Dict, RemovingManyKeepsItSmallAndInOrder) {
  Dict dict;
  for (int i = 0; i < 1000; ++i) dict.Set(i, i);
  for (int i = 0; i < 995; ++i) EXPECT_TRUE(dict.Pop(i).ok());
  for (int i = 0; i < 3; ++i) dict.Set(i, i);
  EXPECT_EQ(*CallMethod(dict.ToValue(), "keys"), Value::Tuple({995, 996, 997, 998, 999, 0, 1, 2}));
  for (int i = 995; i < 1000; ++i) EXPECT_TRUE(dict.Contains(i));
  EXPECT_EQ(*CallMethod(dict.ToValue(), "popitem"), Value::Tuple({2, 2}));
}

TEST(Dict, ManyThreadsMayUseIt) {
  Dict dict;
  const Value value = dict.ToValue();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([value, t] {
      for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(CallMethod(value, "__setitem__", {Value::Tuple({t, i}), i}).ok());
        ASSERT_TRUE(CallMethod(value, "items").ok());
        if (i % 2 == 0) {
          ASSERT_TRUE(CallMethod(value, "pop", {Value::Tuple({t, i})}).ok());
        }
        absl::StatusOr<Value> it = CallMethod(value, "__iter__");
        const absl::Status next = CallMethod(*it, "__next__").status();
        ASSERT_TRUE(next.ok() || IsPyStatus(next, "RuntimeError") ||
                    IsPyStatus(next, "StopIteration"))
            << next;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(dict.size(), 750u);
}

}  // namespace
}  // namespace rpyc
