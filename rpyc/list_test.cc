#include "rpyc/list.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using rpyc::testing::CallMethod;
using rpyc::testing::Failure;
using rpyc::testing::ReprOf;

Value Slice(Value start, Value stop, Value step = Value()) {
  return Value::Slice(std::move(start), std::move(stop), std::move(step));
}

TEST(List, IsComfortableInCpp) {
  List list{1, "two", 3.5};
  list.push_back("four");
  list.push_back(5u);
  list.insert(0, std::string("zero"));
  EXPECT_EQ(list.size(), 6u);
  EXPECT_EQ(*list.Get<std::string>(0), "zero");
  EXPECT_EQ(*list.Get<int>(-1), 5);
  EXPECT_EQ(Failure(list.Get<int>(0).status()), "TypeError: expected int, got str");
  EXPECT_EQ(Failure(list.Get(6).status()), "IndexError: list index out of range");
  EXPECT_TRUE(list.Set(1, 10).ok());
  EXPECT_EQ(Failure(list.Set(-7, 1)), "IndexError: list assignment index out of range");
  EXPECT_EQ(*list.Pop(), Value(5));
  EXPECT_EQ(*list.Pop(0), Value("zero"));
  EXPECT_EQ(list.Snapshot(), (std::vector<Value>{10, "two", 3.5, "four"}));
  list.clear();
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(Failure(list.Pop()), "IndexError: pop from empty list");
}

TEST(List, ConvertsItsItems) {
  const List list(std::vector<int>{1, 2});
  EXPECT_EQ(*list.SnapshotOf<int>(), (std::vector<int>{1, 2}));
  EXPECT_EQ(*List(std::set<std::string>{"a", "b"}).SnapshotOf<std::string>(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Failure((List{1, "x"}).SnapshotOf<int>().status()),
            "TypeError: item 1: expected int, got str");
}

TEST(List, CopiesOfAHandleShareTheList) {
  List list{1};
  List same = list;
  const List other = list.Copy();
  same.push_back(2);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(other.size(), 1u);
  EXPECT_TRUE(same.IsSameAs(list));
  Value value = list.ToValue();
  EXPECT_TRUE(Cast<List>::From(value)->IsSameAs(list));
  EXPECT_EQ((*value.AsObject())->identity(), (*same.ToValue().AsObject())->identity());
  Value text("x");
  EXPECT_EQ(Failure(Cast<List>::From(text).status()),
            "TypeError: expected a list of this server, got str");
}

TEST(List, IsAListToPython) {
  const Value list = List{1, 2}.ToValue();
  const Object& object = **list.AsObject();
  EXPECT_EQ(object.type_name(), "builtins.list");
  for (const char* name : {"__len__", "__getitem__", "__reversed__", "__iadd__"}) {
    EXPECT_TRUE(object.Has(name).special) << name;
    EXPECT_FALSE(object.Has(name).exposed) << "as on a Python server: " << name;
  }
  EXPECT_FALSE(object.Has("append").exposed) << "as on a Python server";
  EXPECT_TRUE(object.Has("append").plain);
  EXPECT_EQ(Failure((*list.AsObject())->Hash(CallContext())), "TypeError: unhashable type: 'list'");
  EXPECT_EQ(CallMethod(list, "__or__", {1})->kind(), Value::Kind::kNotImplemented);
}

TEST(List, Subscripts) {
  const Value list = List{0, 1, 2, 3, 4}.ToValue();
  EXPECT_EQ(*CallMethod(list, "__getitem__", {-1}), Value(4));
  EXPECT_EQ(*CallMethod(list, "__getitem__", {true}), Value(1));
  EXPECT_EQ(Failure(CallMethod(list, "__getitem__", {5})), "IndexError: list index out of range");
  EXPECT_EQ(Failure(CallMethod(list, "__getitem__", {"x"})),
            "TypeError: list indices must be integers or slices, not str");
  EXPECT_EQ(Failure(CallMethod(list, "__getitem__", {BigInt{"99999999999999999999"}})),
            "IndexError: cannot fit 'int' into an index-sized integer");
  EXPECT_TRUE(CallMethod(list, "__setitem__", {0, "zero"}).ok());
  EXPECT_EQ(Failure(CallMethod(list, "__setitem__", {9, 1})),
            "IndexError: list assignment index out of range");
  EXPECT_TRUE(CallMethod(list, "__delitem__", {1}).ok());
  EXPECT_EQ(Failure(CallMethod(list, "__delitem__", {9})),
            "IndexError: list assignment index out of range");
  EXPECT_EQ(ReprOf(list), "['zero', 2, 3, 4]");
}

TEST(List, Slices) {
  const List list{0, 1, 2, 3, 4};
  const auto sliced = [&](Value slice) {
    return ReprOf(CallMethod(list.ToValue(), "__getitem__", {std::move(slice)}));
  };
  EXPECT_EQ(sliced(Slice(1, 3)), "[1, 2]");
  EXPECT_EQ(sliced(Slice(Value(), Value(), -1)), "[4, 3, 2, 1, 0]");
  EXPECT_EQ(sliced(Slice(-100, 100, 2)), "[0, 2, 4]");
  EXPECT_EQ(sliced(Slice(3, 1)), "[]");
  EXPECT_EQ(sliced(Slice(100, -100, -3)), "[4, 1]");
  EXPECT_EQ(sliced(Slice(BigInt{"-99999999999999999999"}, 2)), "[0, 1]");
  EXPECT_EQ(sliced(Slice(1, 3, 0)), "ValueError: slice step cannot be zero");
  EXPECT_EQ(sliced(Slice("a", 3)),
            "TypeError: slice indices must be integers or None or have an __index__ method");
}

TEST(List, AssignsAndDeletesSlices) {
  const auto assigned = [](Value slice, Value items) {
    const Value list = List{0, 1, 2, 3, 4}.ToValue();
    const absl::StatusOr<Value> done =
        CallMethod(list, "__setitem__", {std::move(slice), std::move(items)});
    return done.ok() ? ReprOf(list) : Failure(done);
  };
  EXPECT_EQ(assigned(Slice(1, 3), Value::Tuple({9, 8, 7})), "[0, 9, 8, 7, 3, 4]");
  EXPECT_EQ(assigned(Slice(3, 1), Value::Tuple({9})), "[0, 1, 2, 9, 3, 4]");
  EXPECT_EQ(assigned(Slice(Value(), Value(), 2), Value("abc")), "['a', 1, 'b', 3, 'c']");
  EXPECT_EQ(assigned(Slice(Value(), Value(), -2), List{7, 8, 9}.ToValue()), "[9, 1, 8, 3, 7]");
  EXPECT_EQ(assigned(Slice(Value(), Value(), 2), Value::Tuple({1})),
            "ValueError: attempt to assign sequence of size 1 to extended slice of size 3");
  EXPECT_EQ(assigned(Slice(0, 1), Value(5)), "TypeError: can only assign an iterable");

  const auto deleted = [](Value slice) {
    const Value list = List{0, 1, 2, 3, 4}.ToValue();
    const absl::StatusOr<Value> done = CallMethod(list, "__delitem__", {std::move(slice)});
    return done.ok() ? ReprOf(list) : Failure(done);
  };
  EXPECT_EQ(deleted(Slice(1, 3)), "[0, 3, 4]");
  EXPECT_EQ(deleted(Slice(Value(), Value(), 2)), "[1, 3]");
  EXPECT_EQ(deleted(Slice(Value(), Value(), -3)), "[0, 2, 3]");
  EXPECT_EQ(deleted(Slice(4, 0)), "[0, 1, 2, 3, 4]");
}

TEST(List, AddsAndRepeats) {
  const Value list = List{1, 2}.ToValue();
  EXPECT_EQ(ReprOf(CallMethod(list, "__add__", {List{3}.ToValue()})), "[1, 2, 3]");
  EXPECT_EQ(Failure(CallMethod(list, "__add__", {Value::Tuple({3})})),
            "TypeError: can only concatenate list (not \"tuple\") to list");
  EXPECT_EQ(ReprOf(CallMethod(list, "__mul__", {2})), "[1, 2, 1, 2]");
  EXPECT_EQ(ReprOf(CallMethod(list, "__rmul__", {-1})), "[]");
  EXPECT_EQ(Failure(CallMethod(list, "__mul__", {"x"})),
            "TypeError: can't multiply sequence by non-int of type 'str'");
  EXPECT_EQ(ReprOf(CallMethod(list, "__iadd__", {Value::Tuple({3, 4})})), "[1, 2, 3, 4]");
  EXPECT_EQ(ReprOf(CallMethod(list, "__iadd__", {list})), "[1, 2, 3, 4, 1, 2, 3, 4]");
  EXPECT_EQ(Failure(CallMethod(list, "__iadd__", {5})), "TypeError: 'int' object is not iterable");
  EXPECT_EQ(ReprOf(CallMethod(list, "__imul__", {0})), "[]");
  EXPECT_EQ(ReprOf(list), "[]");
}

TEST(List, AShortRequestMakesNoHugeList) {
  const Value list = List{1, 2}.ToValue();
  EXPECT_EQ(Failure(CallMethod(list, "__mul__", {int64_t{1} << 40})),
            "MemoryError: the list would be too long");
  EXPECT_EQ(Failure(CallMethod(list, "__imul__", {int64_t{1} << 62})),
            "MemoryError: the list would be too long");
  EXPECT_EQ(ReprOf(list), "[1, 2]");
}

TEST(List, MethodsAreAListsOwn) {
  const Value list = List{3, 1, 2, 1}.ToValue();
  EXPECT_TRUE(CallMethod(list, "append", {5}).ok());
  EXPECT_TRUE(CallMethod(list, "extend", {Value("ab")}).ok());
  EXPECT_TRUE(CallMethod(list, "insert", {-100, "first"}).ok());
  EXPECT_EQ(ReprOf(list), "['first', 3, 1, 2, 1, 5, 'a', 'b']");
  EXPECT_EQ(*CallMethod(list, "count", {true}), Value(2));
  EXPECT_EQ(*CallMethod(list, "index", {1, 3}), Value(4));
  EXPECT_EQ(Failure(CallMethod(list, "index", {1, 3, 4})), "ValueError: 1 is not in list");
  EXPECT_TRUE(CallMethod(list, "remove", {1.0}).ok());
  EXPECT_EQ(Failure(CallMethod(list, "remove", {99})), "ValueError: list.remove(x): x not in list");
  EXPECT_EQ(*CallMethod(list, "pop"), Value("b"));
  EXPECT_EQ(*CallMethod(list, "pop", {0}), Value("first"));
  EXPECT_EQ(Failure(CallMethod(list, "pop", {10})), "IndexError: pop index out of range");
  EXPECT_TRUE(CallMethod(list, "reverse").ok());
  EXPECT_EQ(ReprOf(list), "['a', 5, 1, 2, 3]");
  EXPECT_EQ(Failure(CallMethod(list, "append")),
            "TypeError: append() missing 1 required positional argument: 1");
  EXPECT_EQ(Failure(CallMethod(list, "sort")),
            "TypeError: '<' not supported between instances of 'int' and 'str'");
  EXPECT_EQ(ReprOf(list), "['a', 5, 1, 2, 3]") << "a failed sort changes nothing";
  EXPECT_EQ(*CallMethod(list, "pop", {0}), Value("a"));
  EXPECT_TRUE(CallMethod(list, "sort").ok());
  EXPECT_EQ(ReprOf(list), "[1, 2, 3, 5]");
  EXPECT_TRUE(CallMethod(list, "sort", {Value(), true}).ok());
  const absl::StatusOr<Value> copy = CallMethod(list, "copy");
  EXPECT_TRUE(CallMethod(list, "clear").ok());
  EXPECT_EQ(ReprOf(copy), "[5, 3, 2, 1]");
  EXPECT_EQ(ReprOf(list), "[]");
}

TEST(List, SortIsStable) {
  List list;
  for (int i = 0; i < 50; ++i) list.push_back(i % 3 == 0 ? Value(i % 7) : Value(i % 7 + 0.0));
  for (const bool reverse : {false, true}) {
    const Value value = list.Copy().ToValue();
    ASSERT_TRUE(CallMethod(value, "sort", {Value(), reverse}).ok());
    std::vector<Value> expected = list.Snapshot();
    const auto number = [](const Value& v) {
      return v.AsInt() ? static_cast<double>(*v.AsInt()) : *v.AsFloat();
    };
    std::stable_sort(expected.begin(), expected.end(), [&](const Value& a, const Value& b) {
      return reverse ? number(b) < number(a) : number(a) < number(b);
    });
    EXPECT_EQ(List::Of(value)->Snapshot(), expected);
  }
}

TEST(List, Compares) {
  const Value list = List{1, 2}.ToValue();
  const auto is = [&](absl::string_view op, const Value& other) {
    absl::StatusOr<Value> result = (*list.AsObject())->Compare(CallContext(), op, other);
    return result.ok() ? result->DebugString() : Failure(result);
  };
  EXPECT_EQ(is("__eq__", List{1.0, 2}.ToValue()), "True");
  EXPECT_EQ(is("__ne__", List{1, 2}.ToValue()), "False");
  EXPECT_EQ(is("__lt__", List{1, 3}.ToValue()), "True");
  EXPECT_EQ(is("__ge__", List{1}.ToValue()), "True");
  EXPECT_EQ(is("__lt__", List{"x"}.ToValue()),
            "TypeError: '<' not supported between instances of 'int' and 'str'");
  EXPECT_EQ(is("__eq__", Value::Tuple({1, 2})), "NotImplemented");
  EXPECT_EQ(*CallMethod(List{list}.ToValue(), "__contains__", {List{1, 2}.ToValue()}), Value(true));
  EXPECT_EQ(*CallMethod(list, "__contains__", {"1"}), Value(false));
}

TEST(List, MayHoldItself) {
  List list{1};
  list.push_back(list);
  const Value value = list.ToValue();
  EXPECT_EQ(ReprOf(value), "[1, [...]]");
  EXPECT_EQ(*(*value.AsObject())->Compare(CallContext(), "__eq__", value), Value(true));
  List other{1};
  other.push_back(other);
  EXPECT_EQ(Failure((*value.AsObject())->Compare(CallContext(), "__eq__", other.ToValue())),
            "RecursionError: maximum recursion depth exceeded in comparison");
  list.clear();
  other.clear();
}

TEST(List, ManyPathsToOneListCostNoLifetime) {
  List a{1};
  List b{1};
  std::vector<List> all = {a, b};
  for (int i = 0; i < 60; ++i) {
    const Value in_a = a.ToValue();
    const Value in_b = b.ToValue();
    a = List{in_a, in_a};
    b = List{in_b, in_b};
  }
  EXPECT_EQ(ReprOf(a.ToValue()), "MemoryError: the repr of an object is longer than 64 MiB");
}

TEST(List, IteratesOverWhatItHoldsAtEachStep) {
  List list{1, 2, 3};
  const absl::StatusOr<Value> it = CallMethod(list.ToValue(), "__iter__");
  EXPECT_EQ(*CallMethod(*it, "__next__"), Value(1));
  EXPECT_EQ(*list.Pop(0), Value(1));
  list.push_back(4);
  EXPECT_EQ(*(*it->AsObject())->NextItems(CallContext(), 9), (std::vector<Value>{3, 4}));
  list.push_back(5);
  EXPECT_EQ(Failure(CallMethod(*it, "__next__")), "StopIteration") << "ended is ended";

  const absl::StatusOr<Value> back = CallMethod(list.ToValue(), "__reversed__");
  EXPECT_EQ(*CallMethod(*back, "__next__"), Value(5));
  list.clear();
  EXPECT_FALSE(CallMethod(*back, "__next__").ok());
}

// An object whose death is user code that uses the list it was in.
class Nosy : public Object {
 public:
  explicit Nosy(List list, int* seen) : list_(std::move(list)), seen_(seen) {}
  ~Nosy() override { *seen_ += static_cast<int>(list_.size()) + 1; }
  absl::string_view type_name() const override { return "cpp.Nosy"; }
  int64_t class_id() const override { return 1; }

 private:
  const List list_;
  int* const seen_;
};

TEST(List, NoDestructorRunsUnderItsLock) {
  int seen = 0;
  List list;
  const auto nosy = [&] { return Value(std::make_shared<Nosy>(list, &seen)); };
  const Value value = list.ToValue();
  list.push_back(nosy());
  EXPECT_TRUE(list.Set(0, 1).ok());
  EXPECT_EQ(seen, 2);
  for (auto [method, args] : std::vector<std::pair<const char*, std::vector<Value>>>{
           {"__delitem__", {Slice(Value(), Value())}},
           {"__delitem__", {-1}},
           {"__setitem__", {Slice(Value(), Value(), 2), "ab"}},
           {"__imul__", {0}},
           {"pop", {}},
           {"clear", {}}}) {
    const int before = seen;
    list.Assign({});
    list.push_back(1);
    list.push_back(2);
    list.push_back(nosy());
    EXPECT_TRUE(CallMethod(value, method, args).ok()) << method;
    EXPECT_GT(seen, before) << method;
  }
  list.clear();
}

TEST(List, ManyThreadsMayUseIt) {
  List list;
  const Value value = list.ToValue();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([value, t] {
      for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(CallMethod(value, "append", {t}).ok());
        ASSERT_TRUE(CallMethod(value, "__getitem__", {Slice(0, 3)}).ok());
        if (i % 2 == 0) {
          ASSERT_TRUE(CallMethod(value, "pop").ok());
        }
        absl::StatusOr<Value> it = CallMethod(value, "__iter__");
        ASSERT_TRUE((*it->AsObject())->NextItems(CallContext(), 5).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(list.size(), 750u);
}

}  // namespace
}  // namespace rpyc
