// These tests cover references to what an object owns: the data members of an exposed class, and
// what its functions return by T&.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/errors.h"
#include "rpyc/materialize.h"
#include "rpyc/service.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Call;
using testing::Failure;
using testing::Get;
using testing::kNoCaller;
using testing::ObjectOf;
using testing::Set;
using testing::ToObject;

class Counter {
 public:
  int Add() { return ++count_; }
  int count() const { return count_; }
  friend void RpycExpose(ClassDef<Counter>& c) {
    c.Expose("add", &Counter::Add);
    c.Expose("count", &Counter::count);
    c.Property("total", &Counter::count);
    c.Expose("__iadd__", [](Counter& self, int n) -> Counter& {
      self.count_ += n;
      return self;
    });
  }

 private:
  int count_ = 0;
};

struct Range {
  double low = 0;
  double high = 10;
  Counter changes;
  Range() = default;
  Range(double low, double high) : low(low), high(high) {}
  friend void RpycExpose(ClassDef<Range>& c) {
    c.Init<double, double>(Arg("low"), Arg("high"));
    c.Property("low", &Range::low);
    c.Property("high", &Range::high);
    c.Property("changes", &Range::changes);
    c.Property("width", [](const Range& self) { return self.high - self.low; });
    c.Property("lazy", [](Range& self) { return self.high; });
    c.Expose("widen", [](Range& self) { ++self.high; });
    c.Expose("contains",
             [](const Range& self, double x) { return x >= self.low && x <= self.high; });
    c.Expose("__repr__", [](const Range& self) {
      return "Range(" + std::to_string(static_cast<int>(self.low)) + ", " +
             std::to_string(static_cast<int>(self.high)) + ")";
    });
  }
};

class Stage {
 public:
  Range limits;         // the first member has the object's own address
  const Range factory;  // never changes
  Counter& counter() { return counter_; }
  const Range& Limits() const { return limits; }
  static inline int alive = 0;
  Stage() { ++alive; }
  ~Stage() { --alive; }
  Stage(const Stage&) = delete;

  friend void RpycExpose(ClassDef<Stage>& c) {
    c.Property("limits", &Stage::limits);
    c.Property("factory", &Stage::factory);
    c.Property("limits_by_getter", [](Stage& self) -> Range& { return self.limits; });
    c.Property("const_limits", &Stage::Limits);
    c.Property("made_anew", [](const Stage& self) { return self.limits; });
    c.Property("perhaps", [](const Stage& self) { return absl::StatusOr<Range>(self.limits); });
    c.Expose("copy", [](const Stage& self) { return self.limits; });
    c.Property("as_value", &Stage::limits, ReturnPolicy::kValue);
    c.Expose("counter", &Stage::counter);
    c.Expose("set_range", [](Range& range, double high) { range.high = high; });
    c.Expose("high_of", [](const Range& range) { return range.high; });
    c.Expose("pick", [](const CallContext&, Stage& self) -> Range& { return self.limits; });
  }

 private:
  Counter counter_;
};

TEST(Reference, ADataMemberIsTheMemberItself) {
  const auto stage = std::make_shared<Stage>();
  const auto object = ToObject(stage);
  EXPECT_TRUE(Set(ObjectOf(Get(object, "limits")), "high", 77).ok());
  EXPECT_EQ(stage->limits.high, 77);
  EXPECT_EQ(*Get(ObjectOf(Get(object, "limits")), "high"), Value(77.0));
  EXPECT_EQ(*Call(ObjectOf(Get(ObjectOf(Get(object, "limits")), "changes")), "add"), Value(1));
  EXPECT_EQ(stage->limits.changes.count(), 1) << "a member of a member";
  EXPECT_TRUE(Set(object, "limits", *Class<Range>().Get()->Call(kNoCaller, {{1, 2}, {}})).ok());
  EXPECT_EQ(stage->limits.high, 2) << "assigned";
}

TEST(Reference, AReturnedReferenceIsTheObject) {
  const auto stage = std::make_shared<Stage>();
  const auto object = ToObject(stage);
  EXPECT_EQ(*Call(ObjectOf(Call(object, "counter")), "add"), Value(1));
  EXPECT_EQ(*Call(ObjectOf(Call(object, "counter")), "add"), Value(2));
  EXPECT_EQ(stage->counter().count(), 2);
  for (const char* name : {"limits_by_getter"}) {
    EXPECT_TRUE(Set(ObjectOf(Get(object, name)), "low", -1).ok());
  }
  EXPECT_TRUE(Set(ObjectOf(Call(object, "pick")), "high", 4).ok());
  EXPECT_EQ(stage->limits.low, -1);
  EXPECT_EQ(stage->limits.high, 4);
}

TEST(Reference, TheSameMemberIsTheSameObject) {
  const auto object = ToObject(std::make_shared<Stage>());
  const auto limits = ObjectOf(Get(object, "limits"));
  for (const auto& again : {ObjectOf(Get(object, "limits")), ObjectOf(Call(object, "pick"))}) {
    EXPECT_EQ(again->identity(), limits->identity());
    EXPECT_EQ(again->class_id(), limits->class_id());
    EXPECT_EQ(*again->Compare(kNoCaller, "__eq__", Value(limits)), Value(true));
  }
  EXPECT_EQ(limits->identity(), object->identity()) << "the first member is at the same address";
  EXPECT_FALSE(limits->IsSameAs(*object));
  EXPECT_EQ(*object->Compare(kNoCaller, "__eq__", Value(limits)), Value(NotImplemented()));
}

TEST(Reference, KeepsItsOwnerAlive) {
  const int before = Stage::alive;
  std::shared_ptr<Object> limits = ObjectOf(Get(ToObject(std::make_shared<Stage>()), "limits"));
  std::shared_ptr<Object> counter = ObjectOf(Call(ToObject(std::make_shared<Stage>()), "counter"));
  std::shared_ptr<Object> inner = ObjectOf(Get(limits, "changes"));
  EXPECT_EQ(Stage::alive, before + 2);
  EXPECT_EQ(*Call(counter, "add"), Value(1));
  limits.reset();
  EXPECT_EQ(Stage::alive, before + 2) << "a member of a member";
  EXPECT_EQ(*Call(inner, "add"), Value(1));
  inner.reset();
  counter.reset();
  EXPECT_EQ(Stage::alive, before);
}

TEST(Reference, AConstOneIsReadOnly) {
  const auto stage = std::make_shared<Stage>();
  const auto object = ToObject(stage);
  for (const char* name : {"factory", "const_limits"}) {
    SCOPED_TRACE(name);
    const auto limits = ObjectOf(Get(object, name));
    EXPECT_EQ(limits->type_name(), "cpp.Range");
    EXPECT_EQ(*limits->Repr(kNoCaller), "Range(0, 10)");
    EXPECT_EQ(*Get(limits, "high"), Value(10.0));
    EXPECT_EQ(*Get(limits, "width"), Value(10.0));
    EXPECT_EQ(*Call(limits, "contains", {5.0}), Value(true));
    EXPECT_EQ(Failure(Set(limits, "high", 77)),
              "AttributeError: 'cpp.Range' object attribute 'high' is read-only");
    EXPECT_EQ(Failure(Call(limits, "widen")),
              "TypeError: widen may change the object, and this 'cpp.Range' object is read-only");
    EXPECT_EQ(Failure(Get(limits, "lazy")),
              "TypeError: lazy may change the object, and this 'cpp.Range' object is read-only");
    const auto changes = ObjectOf(Get(limits, "changes"));
    EXPECT_EQ(*Call(changes, "count"), Value(0));
    EXPECT_FALSE(Call(changes, "add").ok()) << "a member of a const object is const";
    EXPECT_FALSE(Call(changes, "__iadd__", {1}).ok());
    EXPECT_TRUE(*Class<Range>().Get()->HasInstance(kNoCaller, *limits));
    EXPECT_EQ(*Call(object, "high_of", {Value(limits)}), Value(10.0));
    EXPECT_EQ(Failure(Call(object, "set_range", {Value(limits), 5.0})),
              "TypeError: set_range() argument 1: expected Range, got cpp.Range: the object is "
              "read-only, and this may change it");
    EXPECT_EQ(*Call(Class<Range>().Get(), "contains", {Value(limits), 5.0}), Value(true));
    EXPECT_FALSE(Call(Class<Range>().Get(), "widen", {Value(limits)}).ok());
  }
  EXPECT_EQ(stage->limits.high, 10);
  EXPECT_EQ(Failure(Set(object, "factory", Value(ObjectOf(Get(object, "limits"))))),
            "AttributeError: 'cpp.Stage' object attribute 'factory' is read-only");
}

TEST(Reference, AReadOnlyObjectIsTheObjectOfTheOtherToo) {
  const auto object = ToObject(std::make_shared<Stage>());
  const auto limits = ObjectOf(Get(object, "limits"));
  const auto read_only = ObjectOf(Get(object, "const_limits"));
  EXPECT_TRUE(limits->IsSameAs(*read_only));
  EXPECT_TRUE(read_only->IsSameAs(*limits));
  EXPECT_EQ(*limits->Hash(kNoCaller), *read_only->Hash(kNoCaller));
  EXPECT_NE(limits->class_id(), read_only->class_id())
      << "or a connection would take either for the other";
  EXPECT_EQ(read_only->class_id(), ObjectOf(Get(object, "const_limits"))->class_id());
}

TEST(Reference, APointerToConstGoesOutReadOnly) {
  const auto range = std::make_shared<const Range>(1, 2);
  Value value = Cast<std::shared_ptr<const Range>>::To(range);
  EXPECT_FALSE(Call(ObjectOf(value), "widen").ok());
  EXPECT_FALSE(Set(ObjectOf(value), "low", 5).ok());
  EXPECT_FALSE(Cast<std::shared_ptr<Range>>::From(value).ok());
  EXPECT_EQ(Cast<std::shared_ptr<const Range>>::From(value)->get(), range.get());
  EXPECT_EQ(Cast<Range>::From(value)->high, 2) << "a copy may be changed";
}

TEST(Reference, WhatAPropertyMakesAnewIsReadOnly) {
  const auto object = ToObject(std::make_shared<Stage>());
  for (const char* name : {"made_anew", "perhaps"}) {
    EXPECT_EQ(*Get(ObjectOf(Get(object, name)), "high"), Value(10.0));
    EXPECT_EQ(Failure(Set(ObjectOf(Get(object, name)), "high", 77)),
              "AttributeError: 'cpp.Range' object attribute 'high' is read-only");
  }
  const auto copy = ObjectOf(Call(object, "copy"));
  EXPECT_TRUE(Set(copy, "high", 77).ok()) << "a function was called, and gave a new object";
  EXPECT_EQ(*Get(copy, "high"), Value(77.0));
}

TEST(Reference, ByValueIsAsked) {
  const auto object = ToObject(std::make_shared<Stage>());
  const Value value = *Get(object, "as_value");
  EXPECT_TRUE(value.by_value());
  EXPECT_EQ(value.items()[0], Value::Tuple({"low", 0.0}));
}

struct Holder {
  Counter first;
  int number = 5;
  friend void RpycExpose(ClassDef<Holder>& c) { c.Property("first", &Holder::first); }
};
struct Plain {
  Holder holder;
  friend void RpycExpose(ClassDef<Plain>& c) { c.Property("holder", &Plain::holder); }
};

TEST(Reference, MaterializeTakesNoFirstMemberForItsOwner) {
  const absl::StatusOr<Value> copy =
      Materialize(kNoCaller, Value(ToObject(std::make_shared<Plain>())));
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->DebugString(), "(('holder', (('first', (('total', 0),)),)),)");
}

// The member is in a base at another address.
struct Padding {
  virtual ~Padding() = default;
  int64_t padding[4] = {};
};
struct Device {
  Counter counter;
  Counter& by_function() { return counter; }
  friend void RpycExpose(ClassDef<Device>& c) {
    c.Property("counter", &Device::counter);
    c.Expose("by_function", &Device::by_function);
  }
};
struct Derived : Padding, Device {
  friend void RpycExpose(ClassDef<Derived>& c) { c.Base<Device>(); }
};

TEST(Reference, AMemberOfABase) {
  const auto derived = std::make_shared<Derived>();
  EXPECT_EQ(*Call(ObjectOf(Get(ToObject(derived), "counter")), "add"), Value(1));
  EXPECT_EQ(*Call(ObjectOf(Call(ToObject(derived), "by_function")), "add"), Value(2));
  EXPECT_EQ(derived->counter.count(), 2);
}

// An object that cannot be copied, or whose class is abstract, still goes out by reference.
struct Abstract {
  virtual ~Abstract() = default;
  virtual int Number() const = 0;
  friend void RpycExpose(ClassDef<Abstract>& c) { c.Expose("number", &Abstract::Number); }
};
struct Concrete : Abstract {
  Concrete() = default;
  Concrete(const Concrete&) = delete;
  int Number() const override { return 7; }
  friend void RpycExpose(ClassDef<Concrete>& c) { c.Base<Abstract>(); }
};
struct Owner {
  Concrete concrete;
  Abstract& abstract() { return concrete; }
  friend void RpycExpose(ClassDef<Owner>& c) {
    c.Property("concrete", &Owner::concrete);
    c.Expose("abstract", &Owner::abstract);
  }
};

TEST(Reference, OfWhatCannotBeCopied) {
  const auto owner = ToObject(std::make_shared<Owner>());
  EXPECT_EQ(*Call(ObjectOf(Get(owner, "concrete")), "number"), Value(7));
  EXPECT_EQ(ObjectOf(Call(owner, "abstract"))->type_name(), "cpp.Concrete");
  EXPECT_TRUE(ObjectOf(Call(owner, "abstract"))->IsSameAs(*ObjectOf(Get(owner, "concrete"))));
}

}  // namespace
}  // namespace rpyc
