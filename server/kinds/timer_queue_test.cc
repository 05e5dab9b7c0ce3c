#include "server/kinds/timer_queue.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

struct Alarm : TimerQueue::Timer {
  int64_t when = 0;
};

TEST(TimerQueueTest, AnEmptyOneNeverExpires) {
  TimerQueue queue;
  EXPECT_EQ(queue.next(), TimerQueue::kNever);
  EXPECT_EQ(queue.TakeExpired(TimerQueue::kNever - 1), nullptr);
}

TEST(TimerQueueTest, OnlyThoseWhoseTimeHasCome) {
  TimerQueue queue;
  Alarm early, late;
  queue.Set(&late, 20);
  queue.Set(&early, 10);
  EXPECT_EQ(queue.next(), 10);
  EXPECT_EQ(queue.TakeExpired(9), nullptr);
  EXPECT_EQ(queue.TakeExpired(10), &early);
  EXPECT_FALSE(early.is_set());
  EXPECT_TRUE(late.is_set());
  EXPECT_EQ(queue.TakeExpired(19), nullptr);
  queue.Clear(&late);
  queue.Clear(&late);  // this does nothing: it is not set
  EXPECT_EQ(queue.next(), TimerQueue::kNever);
}

// Compares the queue with a plain search, with sets and clears in any order.
TEST(TimerQueueTest, ManyInAnyOrder) {
  std::mt19937 random(7);
  TimerQueue queue;
  std::vector<Alarm> alarms(300);
  for (int step = 0; step < 20000; ++step) {
    Alarm& alarm = alarms[random() % alarms.size()];
    if (alarm.is_set()) {
      queue.Clear(&alarm);
    } else {
      alarm.when = random() % 1000;
      queue.Set(&alarm, alarm.when);
    }
    int64_t next = TimerQueue::kNever;
    for (const Alarm& one : alarms) {
      if (one.is_set()) next = std::min(next, one.when);
    }
    ASSERT_EQ(queue.next(), next) << step;
  }
  int64_t last = 0;
  while (TimerQueue::Timer* const timer = queue.TakeExpired(TimerQueue::kNever - 1)) {
    const int64_t when = static_cast<Alarm*>(timer)->when;
    ASSERT_LE(last, when);
    last = when;
  }
  EXPECT_TRUE(std::none_of(alarms.begin(), alarms.end(),
                           [](const Alarm& alarm) { return alarm.is_set(); }));
}

}  // namespace
}  // namespace rpyc
