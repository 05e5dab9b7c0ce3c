// What a C++ client does with the objects of a Python server. tests/interop has the reverse.
#include <complex>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/list.h"
#include "rpyc/value.h"
#include "tests/client/client_fixture.h"

namespace rpyc {
namespace {

using Strings = std::vector<std::string>;

class ClientObjects : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    if (IsSkipped()) return;
    client_.emplace(ConnectTo());
    root_ = client_->root();
  }

  std::optional<Client> client_;
  Netref root_;
};

TEST_P(ClientObjects, CallsWithPositionalAndKeywordArguments) {
  EXPECT_EQ(root_["distance"](std::tuple(0, 0), std::tuple(3, 4)).as<double>(), 5.0);
  EXPECT_EQ((root_["defaults"](1).as<std::tuple<int, int, std::string>>()),
            std::tuple(1, 2, "three"));
  EXPECT_EQ(root_["defaults"](1, Arg("c") = "four").Repr(), "(1, 2, 'four')");
  EXPECT_EQ(root_["defaults"](Arg("a") = 5, Arg("b") = 6).Repr(), "(5, 6, 'three')");
  EXPECT_EQ(root_["arguments"]().Repr(), "()");
  EXPECT_EQ(root_["keywords"](Arg("y") = 2, Arg("x") = "1").Repr(), "(('x', '1'), ('y', 2))");
  EXPECT_EQ(root_["both"](1, 2, 3, Arg("k") = None()).Repr(), "(1, (2, 3), (('k', None),))");
  EXPECT_NE(Raised(root_["defaults"]().status()).find("TypeError: "), std::string::npos);
  // A function is held and called twice, and one is converted to a C++ type.
  const Netref echo = root_["echo"].as<Netref>();
  EXPECT_EQ(echo(1).as<int>(), 1);
  EXPECT_EQ(echo("two").as<std::string>(), "two");
  const auto distance =
      root_.Function<double(std::pair<int, int>, std::pair<int, int>)>("distance");
  EXPECT_EQ(distance({1, 1}, {1, 3}), 2.0);
}

TEST_P(ClientObjects, ValuesOfEveryTypeTravelBothWays) {
  const Value values = root_["values"]().as<Value>();
  EXPECT_TRUE(root_["same"](values).as<bool>());
  const absl::Span<const Value> items = values.items();
  ASSERT_EQ(items.size(), 23u);
  for (const Value& item : items) EXPECT_EQ(root_["echo"](item).as<Value>(), item);
  EXPECT_EQ(items[5], Value(INT64_MAX));
  EXPECT_EQ(items[6], Value(INT64_MIN));
  EXPECT_EQ(items[7], Value(BigInt{"9223372036854775808"}));
  EXPECT_EQ(items[11], Value(std::complex<double>(1, 2)));
  EXPECT_EQ(items[13], Value("text"));
  EXPECT_EQ(items[16], Value(Bytes{std::string("\0\xff", 2)}));
  EXPECT_EQ(items[18].DebugString(), "(1, ('two', (3.0,)))");
  EXPECT_EQ(items[19], Value::Slice(1, None(), -1));
  EXPECT_EQ(items[20], Value::Frozenset({1, 2}));
}

TEST_P(ClientObjects, LargeValues) {
  const std::string text(3 << 20, 'x');
  EXPECT_TRUE(root_["echo"](text).as<std::string>() == text);
  const Bytes bytes{std::string(3000, '\0')};  // either side of where Python compresses
  EXPECT_TRUE(root_["echo"](bytes).as<Bytes>() == bytes);
  std::vector<int> numbers(20000);
  for (int i = 0; i < 20000; ++i) numbers[i] = i;
  EXPECT_TRUE(root_["echo"](numbers).as<std::vector<int>>() == numbers);
}

TEST_P(ClientObjects, Attributes) {
  const Netref attributes = root_["attributes"]();
  EXPECT_EQ(attributes["number"].as<int>(), 1);
  EXPECT_EQ(attributes["fixed"].as<std::string>(), "one");
  EXPECT_EQ(attributes["method"]().as<std::string>(), "called");
  EXPECT_EQ(Raised(attributes["_private"].status()), "AttributeError: cannot access '_private'");
  EXPECT_NE(Raised(attributes["missing"].status()).find("AttributeError"), std::string::npos);
  // By default, attributes cannot be set, as in RPyC.
  EXPECT_NE(Raised([&] { attributes["number"].Set(2); }).find("AttributeError"), std::string::npos);

  const Client open = ConnectTo("open");
  const Netref mine = open.root()["attributes"]();
  mine["number"].Set(7);
  EXPECT_EQ(mine["number"].as<int>(), 7);
  EXPECT_NE(Raised([&] { mine["number"].Set("x"); }).find("TypeError: number must be an int"),
            std::string::npos);
  mine["extra"].Del();
  EXPECT_NE(Raised(mine["extra"].status()).find("AttributeError"), std::string::npos);
  EXPECT_EQ(mine["open"].as<std::string>(), "open");
}

TEST_P(ClientObjects, GettersThatFail) {
  const Netref properties = root_["properties"]();
  EXPECT_NE(Raised(properties["lacks"].status()).find("AttributeError"), std::string::npos);
  EXPECT_NE(Raised(properties["fails"].status()).find("RuntimeError: efgh"), std::string::npos);
}

TEST_P(ClientObjects, ListsAndDicts) {
  const Netref list = root_["get_list"]();
  EXPECT_EQ(list.Len(), 3u);
  EXPECT_EQ(list.Item(0).as<int>(), 1);
  EXPECT_EQ(list.Item(-1).as<int>(), 3);
  EXPECT_NE(Raised(list.Item(3).status()).find("IndexError"), std::string::npos);
  list.SetItem(1, 20);
  EXPECT_TRUE(list.Contains(20));
  EXPECT_FALSE(list.Contains(2));
  list.DelItem(0);
  EXPECT_EQ(list.as<std::vector<int>>(), (std::vector<int>{20, 3}));
  EXPECT_EQ(list.Repr(), "[20, 3]");
  EXPECT_EQ(list.Item(Value::Slice(0, 1, None())).Repr(), "[20]");

  const Netref dict = root_["get_dict"]();
  EXPECT_EQ(dict.Item("a").as<int>(), 1);
  EXPECT_NE(Raised(dict.Item("z").status()).find("KeyError"), std::string::npos);
  dict.SetItem("c", 3);
  dict.DelItem("a");
  EXPECT_EQ(dict.Repr(), "{'b': 2, 'c': 3}");
  Strings keys;
  for (const Netref& key : dict.Items()) keys.push_back(key.as<std::string>());
  EXPECT_EQ(keys, (Strings{"b", "c"}));
}

TEST_P(ClientObjects, SequencesAndMappingsWrittenInPython) {
  const Netref sequence = root_["sequence"](10, 20, 30);
  EXPECT_EQ(sequence.Len(), 3u);
  EXPECT_EQ(sequence.Item(Value::Slice(0, 2, None())).Repr(), "(10, 20)");
  EXPECT_TRUE(sequence.Contains(30));
  EXPECT_EQ(sequence.as<std::vector<int>>(), (std::vector<int>{10, 20, 30}));
  const Netref mapping = root_["mapping"]();
  EXPECT_EQ(mapping.Item("two").as<int>(), 2);
  EXPECT_NE(Raised([&] { mapping.DelItem("three"); }).find("KeyError"), std::string::npos);
}

TEST_P(ClientObjects, IteratorsAndGenerators) {
  std::vector<int> seen;
  for (const Netref& item : root_["countdown"](3).Items()) seen.push_back(item.as<int>());
  EXPECT_EQ(seen, (std::vector<int>{3, 2, 1}));
  EXPECT_EQ(root_["squares"](5).as<std::vector<int>>(), (std::vector<int>{0, 1, 4, 9, 16}));
  // The first takes more than one batch, the second takes none.
  EXPECT_EQ(root_["squares"](2500).as<std::vector<int64_t>>().size(), 2500u);
  EXPECT_TRUE(root_["squares"](0).as<std::vector<int>>().empty());
  EXPECT_NE(Raised([&] {
              for (const Netref& item : root_["breaking"](2).Items()) item.as<int>();
            }).find("ValueError: broken"),
            std::string::npos);
  // The items are objects.
  Strings names;
  for (const Netref& logged : root_["logged_items"](std::tuple("p", "q")).Items()) {
    names.push_back(logged["name"].as<std::string>());
  }
  EXPECT_EQ(names, (Strings{"p", "q"}));
}

TEST_P(ClientObjects, ContextManagers) {
  const Netref context = root_["context"]();
  With(context, [](Netref entered) { EXPECT_EQ(entered.as<int>(), 20); });
  EXPECT_EQ(context["seen"].Repr(), "('enter', 'exit')");
  EXPECT_EQ(Raised([&] { With(context, [](const Netref&) { throw ValueError("in the body"); }); }),
            "ValueError: in the body");
  EXPECT_EQ(context["seen"].Repr(), "('enter', 'exit', 'enter', 'error')");
  // This context manager suppresses what the body throws.
  With(root_["context"](true), [](const Netref&) { throw ValueError("swallowed"); });
  bool ran = false;
  EXPECT_NE(Raised([&] {
              With(root_["context"](Arg("fail_on") = "enter"), [&](const Netref&) { ran = true; });
            }).find("ValueError: no entry"),
            std::string::npos);
  EXPECT_FALSE(ran);
}

TEST_P(ClientObjects, ExceptionsOfEverySort) {
  EXPECT_NE(Raised(root_["fail"]("ValueError", "text").status()).find("ValueError: text"),
            std::string::npos);
  // The status has the nearest code.
  EXPECT_EQ(root_["fail"]("ValueError", "x").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(root_["fail"]("KeyError", "x").status().code(), absl::StatusCode::kNotFound);
  // An exception that ends a Python thread is like any other here.
  EXPECT_NE(Raised(root_["fail"]("SystemExit", 3).status()).find("SystemExit"), std::string::npos);
  EXPECT_EQ(Raised(root_["fail"]("StopIteration").status()), "StopIteration");

  try {
    root_["fail_custom"]("in a class of its own").as<void>();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_TRUE(error.from_peer());
    EXPECT_TRUE(error.Is("interop_errors", "CustomError"));
    ASSERT_EQ(error.args().size(), 1u);
    EXPECT_EQ(error.args()[0], Value("in a class of its own"));
    EXPECT_NE(error.traceback().find("in fail_custom"), std::string::npos) << error.traceback();
  }
  try {
    root_["fail_os"](2, "No such file", "/x").as<void>();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_TRUE(error.Is("builtins", "FileNotFoundError"));
    ASSERT_NE(error.attribute("errno"), nullptr);
    EXPECT_EQ(*error.attribute("errno"), Value(2));
    EXPECT_EQ(*error.attribute("filename"), Value("/x"));
  }
  try {
    root_["fail_chained"]().as<void>();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_NE(error.traceback().find("ValueError: the cause"), std::string::npos);
  }
}

TEST_P(ClientObjects, ComparesHashesAndPrints) {
  const Netref five = root_["number"](5);
  EXPECT_TRUE(five.Equals(5));
  EXPECT_FALSE(five.Equals(6));
  EXPECT_TRUE(five.Equals(root_["number"](5)));
  EXPECT_TRUE(five.Compare("__lt__", 6));
  EXPECT_FALSE(five.Compare("__ge__", root_["number"](7)));
  EXPECT_NE(Raised([&] { five.Compare("__lt__", "text"); }).find("TypeError"), std::string::npos);
  EXPECT_EQ(five.Hash(), 35);
  EXPECT_NE(Raised([&] { root_["unhashable"]().Hash(); }).find("TypeError"), std::string::npos);
  EXPECT_EQ(five.Str(), "number 5");
  EXPECT_EQ(five.Repr(), "Number(5)");
  EXPECT_EQ(five["__add__"](4).Str(), "number 9");
  EXPECT_EQ(five["__int__"]().as<int>(), 5);
  EXPECT_EQ(five["__format__"]("03d").as<std::string>(), "005");
  const Strings names = five.Dir();
  EXPECT_EQ(std::count(names.begin(), names.end(), "exposed_value"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "__add__"), 1);
}

TEST_P(ClientObjects, TheSameObjectIsTheSame) {
  const Netref list = root_["get_list"]();
  EXPECT_TRUE(list.Is(root_["get_list"]()));
  EXPECT_FALSE(list.Is(root_["get_dict"]()));
  EXPECT_TRUE(root_["echo"](list).Is(list));
  EXPECT_TRUE(root_["is_same"](list, root_["get_list"]()).as<bool>());
  const auto [one, same, inside] =
      root_["mixed"]().as<std::tuple<int, Netref, std::tuple<std::string, Netref>>>();
  EXPECT_EQ(one, 1);
  EXPECT_TRUE(same.Is(list) && std::get<1>(inside).Is(list));
}

TEST_P(ClientObjects, ClassesMakeObjects) {
  const Netref point_class = root_["Point"].as<Netref>();
  const Netref point = point_class(1.5, Arg("y") = 2.5);
  EXPECT_EQ(point["x"].as<double>() + point["y"].as<double>(), 4.0);
  EXPECT_TRUE(point.Equals(point_class(1.5, 2.5)));
  EXPECT_TRUE(root_["is_instance"](point, point_class).as<bool>());
  EXPECT_FALSE(root_["is_instance"](point, root_["Square"]).as<bool>());
  EXPECT_EQ(root_["Outer"]["Inner"]()["hello"]().as<std::string>(), "inner");
  EXPECT_TRUE(point_class.IsCallable());
  EXPECT_TRUE(root_["caller"]().IsCallable());
  EXPECT_FALSE(point.IsCallable());
}

TEST_P(ClientObjects, AreInstancesOfTheServersClasses) {
  const Netref point = root_["Point"].as<Netref>();
  const Netref square = root_["Square"].as<Netref>();
  EXPECT_TRUE(point(1, 2).IsInstance(point));
  EXPECT_TRUE(square().IsInstance(square));
  EXPECT_TRUE(root_["square"]().IsInstance(root_["Square"])) << "which are asked for first";
  EXPECT_FALSE(square().IsInstance(point));
  EXPECT_FALSE(point.IsInstance(point)) << "a class is none of its objects";
  EXPECT_FALSE(square().IsInstance(root_["Shape"])) << "what a Python client is told, too";
  const auto builtin = [this](const char* name) { return root_["builtin"](name); };
  EXPECT_TRUE(root_["get_list"]().IsInstance(builtin("list")));
  EXPECT_FALSE(root_["get_list"]().IsInstance(builtin("dict")));
  EXPECT_FALSE(root_["get_list"]().IsInstance(point));
  EXPECT_FALSE(point(1).IsInstance(builtin("list")));
  EXPECT_TRUE(Netref(Value(5)).IsInstance(builtin("int")));
  EXPECT_TRUE(Netref(Value(true)).IsInstance(builtin("int")));
  EXPECT_TRUE(Netref(Value("five")).IsInstance(builtin("object")));
  EXPECT_FALSE(Netref(Value("five")).IsInstance(builtin("int")));
  EXPECT_FALSE(Netref(Value(5)).IsInstance(point));
  EXPECT_TRUE(Netref(List{1}.ToValue()).IsInstance(builtin("list"))) << "one of ours";
  EXPECT_FALSE(Netref(List{1}.ToValue()).IsInstance(point));
  for (const Netref& no_class : {point(1), Netref(Value(5)), Netref()}) {
    EXPECT_NE(Raised([&] {
                (void)point(1).IsInstance(no_class);
              }).find("TypeError: isinstance() arg 2 must be a class"),
              std::string::npos);
  }
  // The server goes on, whatever it does about a builtin's object that it gives back to a client
  // that never had it.
  EXPECT_EQ(root_["echo"](1).as<int>(), 1);
}

TEST_P(ClientObjects, WhatIsDroppedIsReleased) {
  const std::string name = Unique("logged");
  Netref logged = root_["logged"](name);
  Netref again = logged["itself"]();
  EXPECT_TRUE(again.Is(logged));
  again = Netref();
  Settle(*client_);
  EXPECT_TRUE(root_["journal"](name).as<Strings>().empty());
  logged = Netref();
  Settle(*client_);
  EXPECT_EQ(root_["journal"](name).as<Strings>(), Strings{"destroyed"});
}

TEST_P(ClientObjects, WhatIsHeldIsReleasedWhenTheConnectionEnds) {
  const std::string name = Unique("logged");
  Client other = ConnectTo();
  const Netref logged = other.root()["logged"](name);
  EXPECT_EQ(logged["name"].as<std::string>(), name);
  other.Close();
  EXPECT_NE(Raised(logged["name"].status()).find("EOFError"), std::string::npos);
  while (root_["journal"](name).as<Strings>().empty()) Settle(*client_);
}

RPYC_FOR_EACH_VERSION(ClientObjects);

}  // namespace
}  // namespace rpyc
