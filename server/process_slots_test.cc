#include "server/process_slots.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

ProcessSlots Make(size_t count) { return ProcessSlots::Make(count).value(); }

// Runs `body` in another process. Returns false unless that process reported success.
template <typename Body>
bool InAnotherProcess(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ProcessSlot, AConnectionIsEitherTheProcesssOrWithdrawn) {
  ProcessSlot slot;
  EXPECT_TRUE(slot.Begin(5));
  EXPECT_FALSE(slot.Withdraw());
  EXPECT_EQ(slot.pid(), 5);
  ProcessSlot other;
  EXPECT_TRUE(other.Withdraw());
  EXPECT_FALSE(other.Begin(5));
  EXPECT_EQ(other.pid(), 0);
}

TEST(ProcessSlotsTest, OnlyThoseThereAre) {
  const ProcessSlots slots = Make(3);
  EXPECT_EQ(slots.size(), 3u);
  EXPECT_NE(slots.slot(2), nullptr);
  EXPECT_EQ(slots.slot(3), nullptr);
}

TEST(ProcessSlotsTest, WhatAProcessReportsIsSeenHere) {
  const ProcessSlots slots = Make(2);
  ProcessSlot& slot = *slots.slot(1);
  EXPECT_FALSE(slot.end().has_value());
  EXPECT_EQ(slot.pid(), 0);
  EXPECT_TRUE(InAnotherProcess([&] {
    slot.Begin(::getpid());
    slot.Report(/*busy=*/true);
    slot.counters().calls.store(7);
    slot.ReportEnd(absl::UnavailableError("it went away"));
    return true;
  }));
  EXPECT_GT(slot.pid(), 1);
  EXPECT_TRUE(slot.busy());
  EXPECT_EQ(slot.counters().calls, 7);
  EXPECT_EQ(slot.end(), absl::UnavailableError("it went away"));
  EXPECT_EQ(slots.slot(0)->pid(), 0);
}

TEST(ProcessSlotsTest, TheSameByTheirDescriptor) {
  const ProcessSlots slots = Make(2);
  const absl::StatusOr<ProcessSlots> same = ProcessSlots::Of(Fd(::dup(slots.fd())));
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->size(), 2u);
  same->slot(1)->Begin(5);
  EXPECT_EQ(slots.slot(1)->pid(), 5);
}

TEST(ProcessSlotsTest, ADescriptorOfSomethingElse) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Fd other_end(pipe[1]);
  EXPECT_EQ(ProcessSlots::Of(Fd(pipe[0])).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ProcessSlotsTest, OrdersReachAProcessThatWaits) {
  const ProcessSlots slots = Make(1);
  ProcessSlot& slot = *slots.slot(0);
  const absl::Time deadline = absl::UnixEpoch() + absl::Hours(1);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Fd told(pipe[0]);
  Fd tells(pipe[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ProcessSlot::Orders orders = slot.orders();
    if (orders.drain || orders.shutdown) ::_exit(1);
    slot.Report(/*busy=*/true);
    if (::write(tells.get(), "b", 1) != 1) ::_exit(1);
    slot.AwaitOrders(orders.version, absl::Minutes(1));
    orders = slot.orders();
    const bool drained = orders.drain && !orders.shutdown && orders.deadline == deadline;
    slot.Report(/*busy=*/false);
    if (::write(tells.get(), "i", 1) != 1) ::_exit(1);
    slot.AwaitOrders(orders.version, absl::Minutes(1));
    orders = slot.orders();
    ::_exit(drained && orders.drain && orders.shutdown ? 0 : 1);
  }
  tells.Reset();  // the process has the other end, whose close is noticed
  char word;
  ASSERT_EQ(::read(told.get(), &word, 1), 1);
  EXPECT_TRUE(slot.busy());
  slot.OrderDrain(deadline);
  ASSERT_EQ(::read(told.get(), &word, 1), 1);
  EXPECT_FALSE(slot.busy());
  slot.OrderShutdown();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST(ProcessSlotsTest, OrdersThatCameBeforeAreNotWaitedFor) {
  const ProcessSlots slots = Make(1);
  ProcessSlot& slot = *slots.slot(0);
  const ProcessSlot::Orders before = slot.orders();
  slot.OrderDrain(absl::InfiniteFuture());
  slot.AwaitOrders(before.version, absl::InfiniteDuration());
  EXPECT_TRUE(slot.orders().drain);
  EXPECT_EQ(slot.orders().deadline, absl::InfiniteFuture());
}

TEST(ProcessSlotsTest, ALongEndIsCut) {
  const ProcessSlots slots = Make(1);
  slots.slot(0)->ReportEnd(absl::InvalidArgumentError(std::string(10'000, 'x')));
  const absl::Status end = slots.slot(0)->end().value();
  EXPECT_EQ(end.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_GE(end.message().size(), 100u);
  EXPECT_LT(end.message().size(), sizeof(ProcessSlot));
  // The text is cut between two characters.
  for (const char* const before : {"", "x"}) {
    std::string text = before;
    for (int i = 0; i < 1000; ++i) text += "\xc3\xa9";
    slots.slot(0)->ReportEnd(absl::InvalidArgumentError(text));
    EXPECT_TRUE(IsValidUtf8(slots.slot(0)->end()->message())) << before;
  }
}

TEST(FreeSlotsTest, GivesThemOutOnceAndClean) {
  const ProcessSlots slots = Make(2);
  FreeSlots free(2);
  const size_t one = free.Take(slots).value();
  const size_t other = free.Take(slots).value();
  EXPECT_NE(one, other);
  EXPECT_EQ(free.Take(slots).status().code(), absl::StatusCode::kResourceExhausted);
  slots.slot(one)->Begin(5);
  slots.slot(one)->ReportEnd(absl::OkStatus());
  slots.slot(one)->OrderShutdown();
  free.Return(one);
  EXPECT_EQ(free.Take(slots).value(), one);
  EXPECT_EQ(slots.slot(one)->pid(), 0);
  EXPECT_FALSE(slots.slot(one)->end().has_value());
  EXPECT_FALSE(slots.slot(one)->orders().shutdown);
}

}  // namespace
}  // namespace rpyc
