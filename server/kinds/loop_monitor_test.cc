#include "server/kinds/loop_monitor.h"

#include <atomic>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

constexpr int64_t kMillisecond = 1'000'000;

TEST(LoopMonitorTest, WhatIsShortIsNoBlock) {
  LoopMonitor monitor("loop");
  PublishedName name;
  monitor.Begin(&name, 1);
  monitor.End(99 * kMillisecond);
  EXPECT_EQ(monitor.stats(99 * kMillisecond).blocked, 0);
}

TEST(LoopMonitorTest, TheLongestIsNamed) {
  LoopMonitor monitor("loop");
  PublishedName name;
  for (const auto& [method, lasts] : {std::pair("first", 150), {"second", 400}, {"third", 200}}) {
    name.Publish(method);
    monitor.Begin(&name, kMillisecond);
    monitor.End((1 + lasts) * kMillisecond);
  }
  const LoopMonitor::Stats stats = monitor.stats(1000 * kMillisecond);
  EXPECT_EQ(stats.blocked, 3);
  EXPECT_EQ(stats.longest, absl::Milliseconds(400));
  EXPECT_EQ(stats.longest_by, "second");
  EXPECT_EQ(stats.blocked_for, absl::ZeroDuration());
}

TEST(LoopMonitorTest, WhatStillRunsIsSeen) {
  LoopMonitor monitor("loop");
  PublishedName name;
  name.Publish("stuck");
  monitor.Begin(&name, kMillisecond);
  EXPECT_EQ(monitor.stats(50 * kMillisecond).blocked_for, absl::ZeroDuration());
  monitor.Tick(2001 * kMillisecond);
  const LoopMonitor::Stats stats = monitor.stats(2001 * kMillisecond);
  EXPECT_EQ(stats.blocked, 0);
  EXPECT_EQ(stats.blocked_for, absl::Seconds(2));
  EXPECT_EQ(stats.blocked_by, "stuck");
}

TEST(PublishedNameTest, LongOnesAreCut) {
  PublishedName name;
  EXPECT_EQ(name.Read(), "");
  name.Publish("add");
  EXPECT_EQ(name.Read(), "add");
  name.Publish(std::string(64, 'x'));
  EXPECT_EQ(name.Read(), std::string(64, 'x'));
  name.Publish(std::string(100, 'y'));
  EXPECT_EQ(name.Read(), std::string(64, 'y'));
  name.Publish("");
  EXPECT_EQ(name.Read(), "");
}

TEST(PublishedNameTest, IsNeverHalfOfOneAndHalfOfAnother) {
  PublishedName name;
  const std::string a(40, 'a'), b(30, 'b');
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done.load()) {
      name.Publish(a);
      name.Publish(b);
    }
  });
  for (int i = 0; i < 20000; ++i) {
    const std::string read = name.Read();
    if (read != a && read != b && !read.empty()) {
      ADD_FAILURE() << read;
      break;
    }
  }
  done.store(true);
  writer.join();
}

}  // namespace
}  // namespace rpyc
