#include "server/admin/request_memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/reason.h"

namespace rpyc {
namespace {

using Answer = RequestMemory::Answer;

class RequestMemoryTest : public testing::Test {
 protected:
  // Returns the id of the server, or the reason. Each start makes a new server: "s0", "s1"...
  std::string Ask(const std::string& request_id, uint64_t fingerprint = 1) {
    const Answer answer = memory_.RunOnce(request_id, fingerprint, [this] { return Start(); });
    return answer.ok() ? answer->id : GetReason(answer.status()).reason;
  }
  Answer Start() {
    ServerRecord record;
    record.id = absl::StrCat("s", started_++);
    return record;
  }

  void Advance(absl::Duration time) { now_ns_ += absl::ToInt64Nanoseconds(time); }

  std::atomic<int64_t> now_ns_ = 0;
  RequestMemory memory_{[this] { return absl::FromUnixNanos(now_ns_); }};
  std::atomic<int> started_ = 0;
};

TEST_F(RequestMemoryTest, TheSameRequestHasTheSameAnswer) {
  EXPECT_EQ(Ask("a"), "s0");
  EXPECT_EQ(Ask("b"), "s1");
  EXPECT_EQ(Ask("a"), "s0");
  EXPECT_EQ(started_, 2);
}

TEST_F(RequestMemoryTest, AnotherRequestUnderTheIdIsRefused) {
  EXPECT_EQ(Ask("a", 1), "s0");
  EXPECT_EQ(Ask("a", 2), "REQUEST_ID_REUSED");
  EXPECT_EQ(GetReason(memory_.Check("a", 2)).reason, "REQUEST_ID_REUSED");
  EXPECT_TRUE(memory_.Check("a", 1).ok());
  EXPECT_TRUE(memory_.Check("b", 2).ok());
  EXPECT_EQ(Ask("a", 1), "s0");
}

TEST_F(RequestMemoryTest, ForgetsAfterTenMinutes) {
  EXPECT_EQ(Ask("a"), "s0");
  Advance(absl::Minutes(10) - absl::Nanoseconds(1));
  EXPECT_EQ(Ask("a"), "s0");
  EXPECT_EQ(Ask("a", 2), "REQUEST_ID_REUSED");
  Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(memory_.Check("a", 2).ok());
  EXPECT_EQ(Ask("a", 2), "s1");
}

TEST_F(RequestMemoryTest, ForgetsTheOldestOfMoreThanAThousand) {
  for (int i = 0; i < 1000; ++i) Ask(absl::StrCat("r", i));
  EXPECT_EQ(Ask("r0"), "s0");
  EXPECT_EQ(Ask("one more"), "s1000");
  EXPECT_EQ(Ask("r1"), "s1");
  EXPECT_EQ(Ask("r0"), "s1001");
}

TEST_F(RequestMemoryTest, ErrorsAreNotRemembered) {
  const auto fail = [] { return Answer(ReasonStatus(absl::StatusCode::kInternal, "X", "no")); };
  EXPECT_EQ(GetReason(memory_.RunOnce("a", 1, fail).status()).reason, "X");
  EXPECT_EQ(Ask("a", 2), "s0");
}

TEST_F(RequestMemoryTest, EqualRequestsAtOnceStartOneServer) {
  std::promise<void> running, go;
  auto first = std::async(std::launch::async, [&] {
    return memory_.RunOnce("a", 1, [&] {
      running.set_value();
      go.get_future().wait();
      return Start();
    });
  });
  running.get_future().wait();
  std::vector<std::future<std::string>> others;
  for (int i = 0; i < 8; ++i) {
    others.push_back(std::async(std::launch::async, [this] { return Ask("a"); }));
  }
  EXPECT_EQ(Ask("a", 2), "REQUEST_ID_REUSED");  // also while it runs, and without waiting
  EXPECT_EQ(Ask("b"), "s0");
  Advance(absl::Hours(1));  // however long it takes
  go.set_value();
  EXPECT_EQ(first.get()->id, "s1");
  for (auto& other : others) EXPECT_EQ(other.get(), "s1");
  EXPECT_EQ(started_, 2);
}

}  // namespace
}  // namespace rpyc
