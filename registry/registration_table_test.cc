#include "registry/registration_table.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace rpyc {
namespace {

using Cause = RegistrationChange::Cause;

constexpr absl::Duration kTtl = absl::Seconds(240);
const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

RegisterRequest Of(std::vector<std::string> names, std::string host = "10.0.0.1", int port = 1) {
  return {.names = std::move(names), .host = host, .port = port, .source = host};
}

std::vector<int> Ports(const std::vector<Registration>& registrations) {
  std::vector<int> ports;
  for (const Registration& each : registrations) ports.push_back(each.key.port);
  return ports;
}

TEST(RegistrationTable, FindsTheOneAnnouncedLongestAgoFirst) {
  RegistrationTable table({});
  for (int i = 0; const int port : {3, 1, 2, 3}) {
    ASSERT_TRUE(
        table.Register(Of({"A"}, "10.0.0.1", port), kTtl, kStart + absl::Seconds(i++)).ok());
  }
  EXPECT_EQ(Ports(table.Find("A")), (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(table.Find("B").empty());
  EXPECT_TRUE(table.Find("a").empty()) << "names are upper-case here";
  const Registration third = *table.Get({"A", "10.0.0.1", 3});
  EXPECT_EQ(third.register_time, kStart);
  EXPECT_EQ(third.refresh_time, kStart + absl::Seconds(3));
  EXPECT_EQ(third.expire_time, kStart + absl::Seconds(243));
}

TEST(RegistrationTable, PrunesAtItsTime) {
  RegistrationTable table({});
  EXPECT_EQ(table.Prune(kStart), absl::InfiniteFuture());
  ASSERT_TRUE(table.Register(Of({"A", "B"}), kTtl, kStart).ok());
  ASSERT_TRUE(table.Register(Of({"B"}), kTtl, kStart + absl::Seconds(1)).ok());
  EXPECT_EQ(table.Prune(kStart + kTtl - absl::Milliseconds(1)), kStart + kTtl);
  EXPECT_EQ(table.size(), 2);
  EXPECT_EQ(table.Prune(kStart + kTtl), kStart + kTtl + absl::Seconds(1));
  EXPECT_EQ(table.Names("", 1000), std::vector<std::string>{"B"});
}

TEST(RegistrationTable, NamesByHostAndUpToASize) {
  RegistrationTable table({});
  ASSERT_TRUE(table.Register(Of({"A", "B"}, "10.0.0.1"), kTtl, kStart).ok());
  ASSERT_TRUE(table.Register(Of({"B", "C"}, "10.0.0.2"), kTtl, kStart).ok());
  EXPECT_EQ(table.Names("", 1000), (std::vector<std::string>{"A", "B", "C"}));
  EXPECT_EQ(table.Names("10.0.0.2", 1000), (std::vector<std::string>{"B", "C"}));
  EXPECT_TRUE(table.Names("10.0.0.3", 1000).empty());
  EXPECT_EQ(table.Names("", 2).size(), 2);
}

TEST(RegistrationTable, EachSourceOwnsItsOwn) {
  RegistrationTable table({});
  ASSERT_TRUE(table.Register(Of({"A", "B"}, "10.0.0.1", 1), kTtl, kStart).ok());
  ASSERT_TRUE(table.Register(Of({"A"}, "10.0.0.1", 2), kTtl, kStart).ok());
  ASSERT_TRUE(table.Register(Of({"A"}, "10.0.0.2", 1), kTtl, kStart).ok());
  EXPECT_EQ(table.OwnedBy("10.0.0.1", 1).size(), 2);
  EXPECT_TRUE(table.OwnedBy("10.0.0.3", 1).empty());
  EXPECT_TRUE(table.Remove({"A", "10.0.0.1", 1}, Cause::kUnregistered));
  EXPECT_FALSE(table.Remove({"A", "10.0.0.1", 1}, Cause::kUnregistered));
  EXPECT_EQ(table.OwnedBy("10.0.0.1", 1).size(), 1);
}

TEST(RegistrationTable, LimitsAreAllOrNothing) {
  RegistrationTable table({.max_registrations = 5,
                           .max_registrations_per_source = 3,
                           .max_names_per_request = 4,
                           .max_name_bytes = 8});
  EXPECT_TRUE(absl::IsInvalidArgument(table.Register(Of({""}), kTtl, kStart)));
  EXPECT_TRUE(absl::IsResourceExhausted(table.Register(Of({"123456789"}), kTtl, kStart)));
  EXPECT_TRUE(
      absl::IsResourceExhausted(table.Register(Of({"A", "B", "C", "D", "E"}), kTtl, kStart)));
  EXPECT_TRUE(absl::IsResourceExhausted(table.Register(Of({"A", "B", "C", "D"}), kTtl, kStart)));
  EXPECT_EQ(table.size(), 0);
  ASSERT_TRUE(table.Register(Of({"A", "B", "C"}), kTtl, kStart).ok());
  EXPECT_TRUE(table.Register(Of({"A", "A", "C"}), kTtl, kStart).ok()) << "no more than before";
  EXPECT_TRUE(absl::IsResourceExhausted(table.Register(Of({"A", "D"}), kTtl, kStart)));
  ASSERT_TRUE(table.Register(Of({"A", "B"}, "10.0.0.2"), kTtl, kStart).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(table.Register(Of({"A"}, "10.0.0.3"), kTtl, kStart)));
  EXPECT_EQ(table.size(), 5);
  RegisterRequest absent = Of({"A"});
  absent.only_if_absent = true;
  EXPECT_TRUE(absl::IsAlreadyExists(table.Register(absent, kTtl, kStart)));
}

TEST(RegistrationTable, ChangesInOrder) {
  RegistrationTable table({});
  const int64_t begin = table.revision();
  ASSERT_TRUE(table.Register(Of({"A", "B"}), kTtl, kStart).ok());
  ASSERT_TRUE(table.Register(Of({"A"}), kTtl, kStart + absl::Seconds(1)).ok());
  table.Remove({"B", "10.0.0.1", 1}, Cause::kUnregistered);
  table.Prune(absl::InfiniteFuture());
  const auto changes = table.ChangesFrom(begin + 1, 100).value();
  ASSERT_EQ(changes.size(), 5);
  const Cause causes[] = {Cause::kRegistered, Cause::kRegistered, Cause::kRefreshed,
                          Cause::kUnregistered, Cause::kPruned};
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].cause, causes[i]);
    EXPECT_EQ(changes[i].revision, begin + 1 + static_cast<int64_t>(i));
  }
  EXPECT_EQ(table.ChangesFrom(begin + 4, 1)->size(), 1);
  EXPECT_TRUE(table.ChangesFrom(begin + 6, 1)->empty());
  EXPECT_TRUE(absl::IsInvalidArgument(table.ChangesFrom(begin + 7, 1).status()));
  EXPECT_TRUE(absl::IsOutOfRange(table.ChangesFrom(begin, 1).status()));
}

TEST(RegistrationTable, OldChangesAreForgotten) {
  RegistrationTable table({});
  const int64_t begin = table.revision();
  for (int i = 0; i < 10'001; ++i) {
    ASSERT_TRUE(table.Register(Of({"A"}), kTtl, kStart + absl::Seconds(i)).ok());
  }
  EXPECT_TRUE(absl::IsOutOfRange(table.ChangesFrom(begin + 1, 1).status()));
  EXPECT_EQ(table.ChangesFrom(begin + 2, 100'000)->size(), 10'000);
}

TEST(RegistrationTable, TheSameAgainIsNoChange) {
  RegistrationTable table({});
  ASSERT_TRUE(table.Register(Of({"A"}), kTtl, kStart).ok());
  const int64_t revision = table.revision();
  table.Put(*table.Get({"A", "10.0.0.1", 1}));
  EXPECT_EQ(table.revision(), revision);
}

TEST(RegistrationTable, WaitersAreWoken) {
  RegistrationTable table({});
  const int64_t revision = table.revision();
  std::thread waiter([&] { table.AwaitChange(revision, absl::InfiniteFuture()); });
  ASSERT_TRUE(table.Register(Of({"A"}), kTtl, kStart).ok());
  waiter.join();
  table.AwaitChange(revision, absl::InfiniteFuture());  // returns, since there was a change
  table.AwaitChange(table.revision(), absl::Now());     // returns at the deadline
}

}  // namespace
}  // namespace rpyc
