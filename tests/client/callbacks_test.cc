// What a Python server does with the functions and objects of a C++ client.
#include <atomic>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/dict.h"
#include "rpyc/iterator.h"
#include "rpyc/list.h"
#include "rpyc/service.h"
#include "rpyc/value.h"
#include "tests/client/client_fixture.h"
#include "tests/client/counter.h"

namespace rpyc {
namespace {

using Strings = std::vector<std::string>;

class Other {
 public:
  friend void RpycExpose(ClassDef<Other>& c) { c.Doc("Of another class."); }
};

class ClientCallbacks : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    if (IsSkipped()) return;
    client_.emplace(ConnectTo());
    root_ = client_->root();
  }
  std::shared_ptr<Counter> MakeCounter() { return std::make_shared<Counter>(alive_); }

  const std::shared_ptr<std::atomic<int>> alive_ = std::make_shared<std::atomic<int>>(0);
  std::optional<Client> client_;
  Netref root_;
};

TEST_P(ClientCallbacks, PythonCallsALambda) {
  int calls = 0;
  const auto add = [&](int a, int b) {
    ++calls;
    return a + b;
  };
  EXPECT_EQ(root_["call"](add, 2, 3).as<int>(), 5);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(root_["map"]([](std::string s) { return s + s; }, std::tuple("a", "b")).Repr(),
            "('aa', 'bb')");
  EXPECT_EQ(
      root_["call"]([](const Args& args,
                       const Kwargs& kwargs) { return std::pair(args.size(), kwargs.size()); },
                    1, 2, 3, Arg("x") = 4)
          .Repr(),
      "(3, 1)");
  EXPECT_TRUE(root_["call"]([] {}).is_none());
}

TEST_P(ClientCallbacks, WhatALambdaThrowsIsRaisedInPython) {
  const auto fail = []() -> int { throw KeyError("no such thing"); };
  EXPECT_EQ(root_["call_catching"](fail).Repr(), "('KeyError', ('no such thing',))");
  // And back again.
  EXPECT_NE(Raised(root_["call"](fail).status()).find("KeyError"), std::string::npos);
  EXPECT_NE(Raised(root_["call"]([](int) {}, "text").status()).find("TypeError"),
            std::string::npos);
  EXPECT_EQ(root_["call_catching"]([]() -> absl::StatusOr<int> {
              return absl::OutOfRangeError("past");
            }).Repr(),
            "('IndexError', ('past',))");
}

TEST_P(ClientCallbacks, CallsNest) {
  int deepest = 0;
  std::function<int(Netref, int)> step = [&](Netref chain, int depth) {
    deepest = std::max(deepest, depth);
    return depth == 10 ? 0 : 1 + chain(step, depth + 1).as<int>();
  };
  EXPECT_EQ(root_["chain"](step, 0).as<int>(), 10);
  EXPECT_EQ(deepest, 10);
}

TEST_P(ClientCallbacks, PythonUsesAnObjectOfOurs) {
  const std::shared_ptr<Counter> counter = MakeCounter();
  EXPECT_EQ(root_["call_method"](counter, "add", 2).as<int>(), 2);
  EXPECT_EQ(root_["call_method"](counter, "add", Arg("n") = 3).as<int>(), 5);
  EXPECT_EQ(root_["get_attribute"](counter, "count").as<int>(), 5);
  EXPECT_EQ(root_["length"](counter).as<int>(), 5);
  EXPECT_EQ(root_["items"](counter).Repr(), "(0, 10, 20, 30, 40)");
  EXPECT_EQ(root_["total"](counter).as<int>(), 100);
  EXPECT_EQ(root_["item"](counter, 3).as<int>(), 30);
  EXPECT_EQ(root_["entered"](counter).as<int>(), 105);
  EXPECT_EQ(counter->count(), 5);
  EXPECT_NE(Raised(root_["entered_raising"](counter).status()).find("ValueError: in the body"),
            std::string::npos);
  EXPECT_EQ(counter->count(), 5);
  EXPECT_EQ(root_["texts"](counter).Item(0).as<std::string>(), "counted 5");
  EXPECT_EQ(root_["hash_of"](counter).as<int>(), 1005);
  const Strings names = root_["names"](counter).as<Strings>();
  EXPECT_EQ(std::count(names.begin(), names.end(), "count"), 1);
  const std::shared_ptr<Counter> other = MakeCounter();
  EXPECT_EQ(root_["equal"](counter, other).Repr(), "(False, True)");
  other->Add(5);
  EXPECT_EQ(root_["equal"](counter, other).Repr(), "(True, False)");
  EXPECT_TRUE(root_["is_same"](counter, counter).as<bool>());
  EXPECT_FALSE(root_["is_same"](counter, other).as<bool>());
  EXPECT_NE(Raised(root_["get_attribute"](counter, "missing").status()).find("AttributeError"),
            std::string::npos);
}

TEST_P(ClientCallbacks, OurRulesHoldForOurObjects) {
  const std::shared_ptr<Counter> counter = MakeCounter();
  EXPECT_NE(Raised(root_["set_attribute"](counter, "count", 3).status()).find("AttributeError"),
            std::string::npos);
  ClientOptions options;
  options.config.allow_setattr = true;
  const Client liberal = ConnectTo("threaded", options);
  EXPECT_EQ(Raised(liberal.root()["set_attribute"](counter, "count", 3).status()), "nothing");
  EXPECT_EQ(counter->count(), 3);
}

TEST_P(ClientCallbacks, AnObjectComesBackAsItself) {
  const std::shared_ptr<Counter> counter = MakeCounter();
  EXPECT_EQ(root_["echo"](counter).as<std::shared_ptr<Counter>>(), counter);
  EXPECT_EQ(
      (root_["echo"](std::tuple(1, counter)).as<std::pair<int, std::shared_ptr<Counter>>>().second),
      counter);
}

TEST_P(ClientCallbacks, OurClassesAndTheirObjects) {
  const Netref is_instance = root_["is_instance"].as<Netref>();
  EXPECT_TRUE(is_instance(MakeCounter(), Class<Counter>()).as<bool>());
  EXPECT_FALSE(is_instance(std::make_shared<Other>(), Class<Counter>()).as<bool>());
}

TEST_P(ClientCallbacks, ContainersOfOurs) {
  List list({1, 2, 3});
  EXPECT_EQ(root_["total"](list).as<int>(), 6);
  EXPECT_EQ(root_["length"](list).as<int>(), 3);
  Dict dict;
  dict.Set("a", 1);
  EXPECT_EQ(root_["item"](dict, "a").as<int>(), 1);
  EXPECT_EQ(root_["items"](Iterator([i = 0]() mutable {
              return i < 3 ? std::optional(++i) : std::nullopt;
            })).Repr(),
            "(1, 2, 3)");
  EXPECT_TRUE(root_["is_list"](list).as<bool>());
  EXPECT_FALSE(root_["is_list"](std::vector<int>{1}).as<bool>());
}

TEST_P(ClientCallbacks, PythonKeepsAnObjectAndUsesItLater) {
  const std::string key = Unique("kept");
  root_["keep"](key, MakeCounter()).as<void>();
  EXPECT_EQ(*alive_, 1);  // the server's alone
  EXPECT_EQ(root_["get_kept"](key)["add"](3).as<int>(), 3);
  EXPECT_EQ(root_["get_kept"](key).as<std::shared_ptr<Counter>>()->count(), 3);
  const Netref add = root_["call_method"](root_["get_kept"](key), "add", 4);
  EXPECT_EQ(add.as<int>(), 7);
  root_["drop"](key).as<void>();
  Settle(*client_);
  EXPECT_EQ(*alive_, 0);
}

TEST_P(ClientCallbacks, PythonKeepsAFunctionAndCallsItLater) {
  const std::string key = Unique("kept");
  auto token = std::make_shared<int>(5);
  root_["keep"](key, [token](int x) { return *token + x; }).as<void>();
  const std::weak_ptr<int> watch = token;
  token.reset();
  EXPECT_EQ(root_["call_kept"](key, 2).as<int>(), 7);
  EXPECT_FALSE(watch.expired());
  root_["drop"](key).as<void>();
  Settle(*client_);
  EXPECT_TRUE(watch.expired());
}

TEST_P(ClientCallbacks, WhatPythonKeepsDiesWithTheConnection) {
  {
    const Client other = ConnectTo();
    other.root()["keep"](Unique("kept"), MakeCounter()).as<void>();
    EXPECT_EQ(*alive_, 1);
  }
  EXPECT_EQ(*alive_, 0);
}

TEST_P(ClientCallbacks, PythonFindsTheServiceOfTheClient) {
  ClientOptions options;
  options.service = Service("HELPER").Expose(
      "half", [](double x) { return x / 2; }, Arg("x"));
  // Its on_connect asks for our name while the server answers our request.
  const auto wait_for = [](const Client& client, const std::string& name) {
    const absl::Time end = absl::Now() + kDeadline;
    for (;;) {
      const Strings names = client.root()["names"]().as<Strings>();
      if (!names.empty() && names.back() == name) return true;
      if (absl::Now() > end) return false;
    }
  };
  EXPECT_TRUE(wait_for(ConnectTo("eager", options), "HELPER"));
  // A client without a service calls itself as RPyC's VoidService does.
  EXPECT_TRUE(wait_for(ConnectTo("eager"), "VOID"));
}

RPYC_FOR_EACH_VERSION(ClientCallbacks);

}  // namespace
}  // namespace rpyc
