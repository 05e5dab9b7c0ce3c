#include "rpyc/iterator.h"

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/cast/string.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

Object& ObjectOf(const Value& value) { return **value.AsObject(); }

absl::StatusOr<Value> Next(const Iterator& it) {
  return it.object()->CallAttr(CallContext(), {.name = "__next__", .exposed = false}, {});
}

std::vector<Value> Take(const Iterator& it, size_t count) {
  absl::StatusOr<std::vector<Value>> items = it.object()->NextItems(CallContext(), count);
  EXPECT_TRUE(items.ok()) << items.status();
  return items.ok() ? *std::move(items) : std::vector<Value>();
}

std::string Failure(const absl::Status& status) {
  return IsPyStatus(status) ? ToException(status).Summary() : std::string(status.message());
}

Iterator Upto(int n) {
  return Iterator([i = 0, n]() mutable { return i < n ? std::optional(i++) : std::nullopt; });
}

TEST(Iterator, YieldsOptionalsUntilTheEmptyOne) {
  const Iterator it = Upto(2);
  EXPECT_EQ(*Next(it), Value(0));
  EXPECT_EQ(*Next(it), Value(1));
  EXPECT_TRUE(IsPyStatus(Next(it).status(), "StopIteration"));
  EXPECT_TRUE(IsPyStatus(Next(it).status(), "StopIteration"));
}

TEST(Iterator, StopIterationEndsItForGood) {
  int calls = 0;
  const Iterator it([&calls]() -> std::string {
    if (++calls == 2) throw StopIteration();
    return "x";
  });
  EXPECT_EQ(Take(it, 5), std::vector<Value>{"x"});
  EXPECT_TRUE(Take(it, 5).empty());
  EXPECT_EQ(calls, 2);
}

TEST(Iterator, TakesRangesByValue) {
  std::vector<std::string> names = {"a", "b"};
  const Iterator it(names);
  names.clear();
  EXPECT_EQ(Take(it, 9), (std::vector<Value>{"a", "b"}));
  EXPECT_EQ(Take(Iterator(std::set<int>{3, 1}), 3), (std::vector<Value>{1, 3}));
  EXPECT_EQ(Take(Iterator(std::vector<bool>{true, false}), 3), (std::vector<Value>{true, false}));
}

TEST(Iterator, KeepsTheOwnerOfWhatItPointsInto) {
  auto numbers = std::make_shared<std::vector<int>>(std::vector<int>{1, 2, 3});
  const std::weak_ptr<std::vector<int>> alive = numbers;
  std::optional<Iterator> it = Iterator::Over(numbers, numbers->begin(), numbers->end());
  numbers.reset();
  EXPECT_EQ(Take(*it, 2), (std::vector<Value>{1, 2}));
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(Take(*it, 2), std::vector<Value>{3});
  EXPECT_TRUE(alive.expired()) << "at its end it holds nothing any more";
}

TEST(Iterator, MakesOnlyWhatIsAskedFor) {
  int made = 0;
  const Iterator it([&made] { return ++made; });
  EXPECT_EQ(Take(it, 3).size(), 3u);
  EXPECT_EQ(made, 3);
  EXPECT_TRUE(Take(it, 0).empty());
  EXPECT_EQ(*Next(it), Value(4));
}

TEST(Iterator, AnExceptionComesAfterTheItemsBeforeIt) {
  const Iterator it([i = 0]() mutable -> int {
    if (i == 2) throw ValueError("no more");
    return i++;
  });
  EXPECT_EQ(Take(it, 10), (std::vector<Value>{0, 1}));
  EXPECT_EQ(Failure(it.object()->NextItems(CallContext(), 10).status()), "ValueError: no more");
  EXPECT_TRUE(Take(it, 10).empty());
}

TEST(Iterator, AStatusIsAnException) {
  const Iterator it(
      []() -> absl::StatusOr<std::optional<int>> { return absl::UnavailableError("no link"); });
  EXPECT_EQ(Failure(Next(it).status()), "ConnectionError: no link");
  EXPECT_TRUE(IsPyStatus(Next(it).status(), "StopIteration"));
}

TEST(Iterator, RefusesToRunWithinItself) {
  std::optional<Iterator> it;
  std::string inner;
  it = Iterator([&]() -> int {
    inner = Failure(Next(*it).status());
    return 1;
  });
  EXPECT_EQ(*Next(*it), Value(1));
  EXPECT_EQ(inner, "ValueError: generator already executing");
}

TEST(Iterator, ManyThreadsGetEachItemOnce) {
  const Iterator it = Upto(2000);
  std::vector<int64_t> seen[2];
  std::vector<std::thread> threads;
  for (std::vector<int64_t>& mine : seen) {
    threads.emplace_back([&it, &mine] {
      for (;;) {
        absl::StatusOr<Value> item = Next(it);
        if (item.ok()) {
          mine.push_back(*item->AsInt());
        } else if (IsPyStatus(item.status(), "StopIteration")) {
          return;
        } else {
          ASSERT_TRUE(IsPyStatus(item.status(), "ValueError")) << item.status();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int64_t> all = seen[0];
  all.insert(all.end(), seen[1].begin(), seen[1].end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 2000u);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<int64_t>(i));
}

TEST(Iterator, IsAGeneratorToPython) {
  const Iterator it = Upto(3);
  Object& object = *it.object();
  EXPECT_EQ(object.type_name(), "builtins.generator");
  const auto call = [&](absl::string_view name) {
    return object.CallAttr(CallContext(), {.name = name, .exposed = false}, {});
  };
  const absl::StatusOr<Value> self = call("__iter__");
  ASSERT_TRUE(self.ok());
  EXPECT_EQ(ObjectOf(*self).identity(), object.identity());
  EXPECT_EQ(call("__length_hint__")->kind(), Value::Kind::kNotImplemented);
  EXPECT_EQ(*object.Repr(CallContext()), "<generator object>");
  EXPECT_TRUE(object.Has("__next__").plain);
  EXPECT_FALSE(object.Has("close").exposed) << "as on a Python server";
  EXPECT_TRUE(call("close").ok());
  EXPECT_TRUE(Take(it, 1).empty());
}

}  // namespace
}  // namespace rpyc
