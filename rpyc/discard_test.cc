#include "rpyc/discard.h"

#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/dict.h"
#include "rpyc/list.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

constexpr int kDeep = 300'000;

struct Link {
  explicit Link(std::shared_ptr<Link> link) : next(std::move(link)) { ++alive; }
  ~Link() {
    Discard(std::move(next));
    --alive;
  }
  std::shared_ptr<Link> next;
  inline static int alive = 0;
};

std::shared_ptr<Link> Chain(int length) {
  std::shared_ptr<Link> chain;
  for (int i = 0; i < length; ++i) chain = std::make_shared<Link>(std::move(chain));
  return chain;
}

TEST(DiscardTest, AChainOfAnyLengthDiesBeforeItReturns) {
  Discard(Chain(kDeep));
  EXPECT_EQ(Link::alive, 0);
  Chain(kDeep).reset();
  EXPECT_EQ(Link::alive, 0);
}

TEST(DiscardTest, WhatIsNotDeepDiesWithWhatHoldsIt) {
  struct Parent {
    explicit Parent(int* seen) : seen(seen) {}
    ~Parent() {
      Discard(std::move(child));
      *seen = Link::alive;
    }
    int* seen;
    std::shared_ptr<Link> child = Chain(10);
  };
  int seen = -1;
  Discard(std::make_shared<Parent>(&seen));
  EXPECT_EQ(seen, 0);
}

TEST(DiscardTest, EachThreadHasItsOwn) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      List list;
      for (int n = 0; n < 10'000; ++n) list = List{list.ToValue()};
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A peer makes these with slices and item assignments: x = conn.root.list[:]; x += (y,)
TEST(DiscardTest, ListsInListsAsDeepAsAPeerMakesThem) {
  List list;
  for (int i = 0; i < kDeep; ++i) list = List{list.ToValue()};
}

TEST(DiscardTest, DictsInDictsAndTuplesBetween) {
  Dict dict;
  for (int i = 0; i < kDeep; ++i) {
    Dict outer;
    outer.Set("k", Value::Tuple({1, dict.ToValue()}));
    dict = outer;
  }
}

TEST(DiscardTest, AListThatDropsADeepOne) {
  List list;
  List deep;
  for (int i = 0; i < kDeep; ++i) deep = List{deep.ToValue()};
  list.push_back(deep.ToValue());
  deep = List();
  list.clear();
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace rpyc
