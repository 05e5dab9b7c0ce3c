#include "rpyc/netref.h"

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/bind/class_def.h"
#include "rpyc/dict.h"
#include "rpyc/errors.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"

namespace rpyc {
namespace {

// What `code` throws, in words.
template <typename Code>
std::string Thrown(Code code) {
  try {
    code();
  } catch (const PyError& e) {
    return e.exception().Summary();
  }
  return "nothing";
}

class Thing {
 public:
  int Add(int a, int b) { return a + b + base; }
  void Fail() { throw KeyError("fail"); }
  int base = 0;
  std::vector<std::string> journal;

  friend void RpycExpose(ClassDef<Thing>& c) {
    c.Expose("add", &Thing::Add, Arg("a"), Arg("b") = 10);
    c.Expose("fail", &Thing::Fail);
    c.Expose("itself", [](std::shared_ptr<Thing> thing) { return thing; });
    c.Expose("all", [](Args args, Kwargs kwargs) { return args.size() * 10 + kwargs.size(); });
    c.Property("base", &Thing::base);
    c.Context([](Thing& thing) { thing.journal.push_back("enter"); },
              [](Thing& thing, bool failed) { thing.journal.push_back(failed ? "fail" : "exit"); });
    c.Expose("__getitem__", [](int index) { return index * 2; });
    c.Expose("__len__", [] { return 7; });
  }
};

class NetrefTest : public testing::Test {
 protected:
  const std::shared_ptr<Thing> thing_ = std::make_shared<Thing>();
  const Netref object_{Cast<std::shared_ptr<Thing>>::To(thing_)};
};

TEST_F(NetrefTest, CallsAMethod) {
  EXPECT_EQ(object_["add"](1, 2).as<int>(), 3);
  EXPECT_EQ(object_["add"](1).as<int>(), 11);
  EXPECT_EQ(object_["add"](1, Arg("b") = 5).as<int>(), 6);
  EXPECT_EQ(object_["add"](1, 2).get<int>().value(), 3);
  object_["add"](1, 2).as<void>();
  EXPECT_EQ(object_["add"].Call({.positional = {Value(4)}, .keyword = {}}).as<int>(), 14);
}

TEST_F(NetrefTest, SpreadsArgsAndKwargs) {
  EXPECT_EQ(object_["all"](0, Args{{Value(1), Value(2)}}, Kwargs{{{"x", Value(1)}}}, Arg("y") = 2)
                .as<int>(),
            32);
}

TEST_F(NetrefTest, ReadsAndWritesAnAttribute) {
  object_["base"].Set(5);
  EXPECT_EQ(thing_->base, 5);
  EXPECT_EQ(object_["base"].as<int>(), 5);
  EXPECT_EQ(object_["itself"]()["base"].as<int>(), 5);
  EXPECT_EQ(Thrown([&] { object_["base"].Del(); }),
            "AttributeError: can't delete attribute 'base'");
  EXPECT_EQ(Thrown([&] { object_.Set(1); }), "TypeError: only an attribute can be set");
  EXPECT_EQ(Thrown([&] { Netref(Value(1))["x"].Set(1); }),
            "AttributeError: 'int' object has no attribute 'x'");
}

TEST_F(NetrefTest, AnErrorTakesTheChainsPlace) {
  const Netref broken = object_["fail"]()["base"]["x"](1, 2).Item(3);
  EXPECT_FALSE(broken.ok());
  EXPECT_EQ(ToException(broken.status()).Summary(), "KeyError: 'fail'");
  EXPECT_EQ(ToException(broken.get<int>().status()).name, "KeyError");
  EXPECT_EQ(Thrown([&] { broken.as<int>(); }), "KeyError: 'fail'");
  EXPECT_EQ(Thrown([&] { broken.as<void>(); }), "KeyError: 'fail'");
  EXPECT_EQ(Thrown([&] { broken.Len(); }), "KeyError: 'fail'");
  EXPECT_EQ(ToException(object_["nowhere"].status()).Summary(),
            "AttributeError: 'cpp.Thing' object has no attribute 'nowhere'");
  EXPECT_EQ(ToException(object_["add"](1, broken).status()).Summary(), "KeyError: 'fail'");
}

TEST_F(NetrefTest, AWrongTypeNamesWhatItIsOf) {
  EXPECT_EQ(Thrown([&] { object_["add"](1, 2).as<std::string>(); }),
            "TypeError: the result of add(): expected str, got int");
  EXPECT_EQ(Thrown([&] { object_["base"].as<std::string>(); }),
            "TypeError: attribute 'base': expected str, got int");
  EXPECT_EQ(Thrown([&] { Netref(Value(1)).as<std::string>(); }),
            "TypeError: expected str, got int");
}

TEST_F(NetrefTest, TypedFunctions) {
  auto add = object_.Function<int(int, int)>("add");
  EXPECT_EQ(add(1, 2), 3);
  auto wrong = object_.Function<std::string(int)>("add");
  EXPECT_EQ(Thrown([&] { wrong(1); }), "TypeError: the result of add(): expected str, got int");
  EXPECT_EQ(object_.Function<absl::StatusOr<int>(int)>("add")(1).value(), 11);
  EXPECT_FALSE(object_.Function<absl::Status()>("fail")().ok());
  EXPECT_FALSE(object_.Function<Netref()>("fail")().ok());
  EXPECT_EQ(Thrown([&] { object_.Function<void()>("fail")(); }), "KeyError: 'fail'");
}

TEST_F(NetrefTest, Items) {
  EXPECT_EQ(object_.Item(4).as<int>(), 8);
  EXPECT_EQ(object_.Len(), 7u);
  List list({1, 2, 3});
  const Netref netref(list.ToValue());
  netref.SetItem(0, "x");
  netref.DelItem(1);
  EXPECT_EQ(netref.Repr(), "['x', 3]");
  EXPECT_TRUE(netref.Contains(3));
  EXPECT_FALSE(netref.Contains(2));
  EXPECT_EQ(Thrown([&] { netref.Item(9).as<int>(); }), "IndexError: list index out of range");
}

TEST_F(NetrefTest, ItemsOfPlainValues) {
  const Netref tuple(Value::Tuple({Value(1), Value("b")}));
  EXPECT_EQ(tuple.Len(), 2u);
  EXPECT_EQ(tuple.Item(-1).as<std::string>(), "b");
  EXPECT_TRUE(tuple.Contains(1.0));
  EXPECT_EQ(Thrown([&] { tuple.Item(2).as<void>(); }), "IndexError: tuple index out of range");
  EXPECT_EQ(Thrown([&] { tuple.Item("x").as<void>(); }),
            "TypeError: tuple indices must be integers, not str");
  EXPECT_EQ(Thrown([&] { Netref(Value(1)).Len(); }),
            "TypeError: object of type 'int' has no len()");
  const Netref text(Value("h\u00e9llo"));
  EXPECT_EQ(text.Len(), 5u);
  EXPECT_EQ(text.Item(1).as<std::string>(), "\u00e9");
  EXPECT_TRUE(text.Contains("llo"));
  EXPECT_EQ(Thrown([&] { tuple.SetItem(0, 1); }),
            "AttributeError: 'tuple' object has no attribute '__setitem__'");
}

TEST_F(NetrefTest, IteratesOverAnything) {
  const auto all = [](const Netref& netref) {
    std::string text;
    for (Netref item : netref.Items()) text += item.Repr() + " ";
    return text;
  };
  EXPECT_EQ(all(Netref(Value::Tuple({Value(1), Value("b")}))), "1 'b' ");
  EXPECT_EQ(all(Netref(Value("ab"))), "'a' 'b' ");
  EXPECT_EQ(all(Netref(Value(Bytes{"ab"}))), "97 98 ");
  EXPECT_EQ(all(Netref(List({1, 2}).ToValue())), "1 2 ");
  Dict dict;
  dict.Set("k", 1);
  dict.Set("l", 2);
  EXPECT_EQ(all(Netref(dict.ToValue())), "'k' 'l' ");
  EXPECT_EQ(all(Netref(Value::Tuple({}))), "");
  EXPECT_EQ(Thrown([&] { all(Netref(Value(1))); }), "TypeError: 'int' object is not iterable");
  EXPECT_EQ(Thrown([&] { all(object_["fail"]()); }), "KeyError: 'fail'");
}

TEST_F(NetrefTest, AnIteratorThatRaisesEndsTheLoop) {
  const Netref raises(Cast<Iterator>::To(Iterator([n = 0]() mutable -> std::optional<int> {
    if (n == 3) throw ValueError("three");
    return n++;
  })));
  std::vector<int> got;
  EXPECT_EQ(Thrown([&] {
              for (Netref item : raises.Items()) got.push_back(item.as<int>());
            }),
            "ValueError: three");
}

TEST_F(NetrefTest, ComparesAndHashes) {
  const Netref same = object_["itself"]();
  EXPECT_TRUE(object_.Is(same));
  EXPECT_TRUE(object_.Equals(same));
  EXPECT_EQ(object_.Hash(), same.Hash());
  EXPECT_FALSE(object_.Is(Netref()));
  EXPECT_TRUE(Netref(Value(1)).Equals(1.0));
  EXPECT_FALSE(Netref(Value(1)).Is(Netref(Value(1.0))));
  EXPECT_EQ(Netref(Value(1)).Hash(), Netref(Value(1.0)).Hash());
  EXPECT_TRUE(Netref(Value("a")).Compare("__lt__", "b"));
  EXPECT_EQ(Thrown([&] { (void)object_.Compare("__lt__", 1); }),
            "TypeError: '<' not supported between instances of 'cpp.Thing' and 'int'");
  EXPECT_EQ(Thrown([&] { (void)Netref(List({1}).ToValue()).Hash(); }),
            "TypeError: unhashable type: 'list'");
}

TEST_F(NetrefTest, TellsOfItself) {
  EXPECT_EQ(Netref(Value("x")).Str(), "x");
  EXPECT_EQ(Netref(Value("x")).Repr(), "'x'");
  EXPECT_EQ(object_.Str().substr(0, 23), "<cpp.Thing object at 0x");
  EXPECT_EQ(object_.Dir().back(), "itself");
  EXPECT_TRUE(Netref().is_none());
  EXPECT_FALSE(object_.is_none());
  EXPECT_FALSE(object_.IsCallable());
  EXPECT_TRUE(object_["add"].IsCallable());
  EXPECT_EQ(Thrown([&] { object_(1).as<void>(); }),
            "TypeError: 'cpp.Thing' object is not callable");
  EXPECT_EQ(Thrown([&] { Netref(Value(1))().as<void>(); }),
            "TypeError: 'int' object is not callable");
}

TEST_F(NetrefTest, ConvertsWhole) {
  const Netref list(List({1, 2}).ToValue());
  EXPECT_EQ(list.as<std::vector<int>>(), (std::vector<int>{1, 2}));
  EXPECT_EQ(list.as<std::set<int>>(), (std::set<int>{1, 2}));
  EXPECT_EQ(object_["itself"]().as<std::shared_ptr<Thing>>(), thing_);
  Dict dict;
  dict.Set("k", 1);
  using Map = std::map<std::string, int>;
  EXPECT_EQ(Netref(dict.ToValue()).as<Map>(), (Map{{"k", 1}}));
}

TEST_F(NetrefTest, WithEntersAndExits) {
  With(object_, [&](Netref entered) { EXPECT_TRUE(entered.Is(object_)); });
  EXPECT_EQ(thing_->journal, (std::vector<std::string>{"enter", "exit"}));
  thing_->journal.clear();
  EXPECT_THROW(With(object_, [](Netref) { throw std::out_of_range("mine"); }), std::out_of_range);
  EXPECT_EQ(thing_->journal, (std::vector<std::string>{"enter", "fail"}));
  EXPECT_EQ(Thrown([&] { With(Netref(Value(1)), [](Netref) {}); }),
            "AttributeError: 'int' object has no attribute '__enter__'");
}

TEST_F(NetrefTest, ATimeoutIsOfTheCallOnly) {
  const Netref timed = object_.Timeout(absl::Seconds(3));
  EXPECT_EQ(timed["add"].context().timeout(), absl::Seconds(3));
  EXPECT_EQ(timed["itself"]().context().timeout(), std::nullopt);
}

}  // namespace
}  // namespace rpyc
