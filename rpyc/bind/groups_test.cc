#include "rpyc/bind/groups.h"

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/bind/testing/exposed_object.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Call;
using testing::Failure;
using testing::kNoCaller;
using testing::ToObject;

// Returns all that an iterator yields.
Value Items(const absl::StatusOr<Value>& iterator) {
  return Value::Tuple(*(*iterator->AsObject())->NextItems(kNoCaller, 100));
}

struct Track {
  std::vector<std::string> names = {"a", "b", "c"};
  friend void RpycExpose(ClassDef<Track>& c) { c.Sequence(&Track::names); }
};

class Squares {
 public:
  size_t size() const { return size_; }
  int at(const CallContext&, int index) const {
    if (index == 13) throw ValueError("unlucky");
    return index * index;
  }
  friend void RpycExpose(ClassDef<Squares>& c) {
    c.Sequence(&Squares::size, &Squares::at);
    c.Property("size", &Squares::size_);
  }

 private:
  size_t size_ = 5;
};

TEST(Sequence, OfAContainer) {
  const auto track = ToObject(std::make_shared<Track>());
  EXPECT_EQ(*Call(track, "__len__"), Value(3));
  EXPECT_EQ(*Call(track, "__getitem__", {1}), Value("b"));
  EXPECT_EQ(*Call(track, "__getitem__", {-1}), Value("c"));
  EXPECT_EQ(*Call(track, "__getitem__", {Value::Slice(1, Value(), Value())}),
            Value::Tuple({"b", "c"}));
  EXPECT_EQ(*Call(track, "__getitem__", {Value::Slice(Value(), Value(), -2)}),
            Value::Tuple({"c", "a"}));
  EXPECT_EQ(Failure(Call(track, "__getitem__", {3})), "IndexError: index out of range");
  EXPECT_EQ(Failure(Call(track, "__getitem__", {-4})), "IndexError: index out of range");
  EXPECT_EQ(Failure(Call(track, "__getitem__", {"a"})),
            "TypeError: indices must be integers or slices, not str");
  EXPECT_EQ(*Call(track, "__contains__", {"c"}), Value(true));
  EXPECT_EQ(*Call(track, "__contains__", {5}), Value(false));
  EXPECT_EQ(Items(Call(track, "__iter__")), Value::Tuple({"a", "b", "c"}));
  EXPECT_EQ(Items(Call(track, "__reversed__")), Value::Tuple({"c", "b", "a"}));
  EXPECT_EQ(ClassOf<Track>()->Find("__getitem__")->signature.ToString(), "(arg0, /) -> str");
}

TEST(Sequence, OfFunctions) {
  const auto squares = ToObject(std::make_shared<Squares>());
  EXPECT_EQ(*Call(squares, "__len__"), Value(5));
  EXPECT_EQ(*Call(squares, "__getitem__", {true}), Value(1));
  EXPECT_EQ(*Call(squares, "__contains__", {16.0}), Value(true)) << "16 == 16.0";
  EXPECT_EQ(Items(Call(squares, "__iter__")), Value::Tuple({0, 1, 4, 9, 16}));
  ASSERT_TRUE(squares->SetAttr(kNoCaller, {"size", true}, 20).ok());
  EXPECT_EQ(Failure(Call(squares, "__getitem__", {13})), "ValueError: unlucky");
}

TEST(Sequence, ChangedWhileIteratedOver) {
  const auto track = std::make_shared<Track>();
  const Value forward = *Call(ToObject(track), "__iter__"),
              back = *Call(ToObject(track), "__reversed__");
  const auto next = [](const Value& iterator) {
    return Value::Tuple(*(*iterator.AsObject())->NextItems(kNoCaller, 1));
  };
  EXPECT_EQ(next(forward), Value::Tuple({"a"}));
  EXPECT_EQ(next(back), Value::Tuple({"c"}));
  track->names = {"x"};
  EXPECT_EQ(next(forward), Value::Tuple({}));
  EXPECT_EQ(next(back), Value::Tuple({}));
}

TEST(Sequence, AnIteratorKeepsItsObjectAlive) {
  auto track = std::make_shared<Track>();
  const std::weak_ptr<Track> watch = track;
  absl::StatusOr<Value> iterator = Call(ToObject(std::move(track)), "__iter__");
  track.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(Items(iterator), Value::Tuple({"a", "b", "c"}));
  iterator = Value();
  EXPECT_TRUE(watch.expired());
}

struct Bag {
  std::list<int> items = {1, 2};
  std::list<int>::const_iterator begin() const { return items.begin(); }
  std::list<int>::const_iterator end() const { return items.end(); }
  const std::list<int>& all() const { return items; }
};
struct Copied : Bag {
  friend void RpycExpose(ClassDef<Copied>& c) { c.Iterable(&Copied::items); }
};
struct FromTo : Bag {
  friend void RpycExpose(ClassDef<FromTo>& c) { c.Iterable(&FromTo::begin, &FromTo::end); }
};
struct ByFunction : Bag {
  friend void RpycExpose(ClassDef<ByFunction>& c) { c.Iterable(&ByFunction::all); }
};
struct ByIterator : Bag {
  friend void RpycExpose(ClassDef<ByIterator>& c) {
    c.Iterable([](std::shared_ptr<ByIterator> self) {
      return Iterator(
          [self, n = 0]() mutable { return n < 2 ? std::optional<int>(++n) : std::nullopt; });
    });
  }
};

TEST(Iterable, FourWays) {
  for (const auto& object :
       {ToObject(std::make_shared<Copied>()), ToObject(std::make_shared<FromTo>()),
        ToObject(std::make_shared<ByFunction>()), ToObject(std::make_shared<ByIterator>())}) {
    SCOPED_TRACE(object->type_name());
    EXPECT_EQ(Items(Call(object, "__iter__")), Value::Tuple({1, 2}));
    EXPECT_EQ(Failure(Call(object, "__len__")), "AttributeError: '" +
                                                    std::string(object->type_name()) +
                                                    "' object has no attribute '__len__'");
  }
}

struct Door {
  std::string log;
  void Enter() { log += "enter "; }
  bool Exit(bool raised) {
    log += raised ? "raised " : "fine ";
    return raised;
  }
  friend void RpycExpose(ClassDef<Door>& c) { c.Context(&Door::Enter, &Door::Exit); }
};
struct Plain {
  int exits = 0;
  friend void RpycExpose(ClassDef<Plain>& c) {
    c.Context([](Plain&) { return 20; }, [](Plain& self) { ++self.exits; });
  }
};
struct Asking {
  std::string seen;
  Asking& Enter() { return *this; }
  friend void RpycExpose(ClassDef<Asking>& c) {
    c.Context(&Asking::Enter, [](Asking& self, const Value& exception) {
      self.seen = std::string(exception.type_name());
    });
  }
};

TEST(Context, EnterAndExit) {
  const auto door = std::make_shared<Door>();
  const auto object = ToObject(door);
  EXPECT_EQ(Call(object, "__enter__")->AsObject()->get(), object.get());
  EXPECT_EQ(*Call(object, "__exit__", {None(), None(), None()}), Value(false));
  EXPECT_EQ(*Call(object, "__exit__", {Value(object), None(), None()}), Value(true));
  EXPECT_EQ(door->log, "enter fine raised ");
}

TEST(Context, ExitMayTakeNothingOrTheException) {
  const auto plain = std::make_shared<Plain>();
  EXPECT_EQ(*Call(ToObject(plain), "__enter__"), Value(20));
  EXPECT_EQ(*Call(ToObject(plain), "__exit__", {None(), None(), None()}), Value());
  EXPECT_EQ(plain->exits, 1);
  const auto asking = std::make_shared<Asking>();
  const auto object = ToObject(asking);
  EXPECT_EQ(Call(object, "__enter__")->AsObject()->get(), object.get());
  ASSERT_TRUE(Call(object, "__exit__", {Value(object), None(), None()}).ok());
  EXPECT_EQ(asking->seen, "cpp.Asking");
}

}  // namespace
}  // namespace rpyc
