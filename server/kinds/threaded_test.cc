#include "server/kinds/threaded.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "server/kinds/testing/fake_session.h"

namespace rpyc {
namespace {

class ThreadedTest : public testing::Test {
 protected:
  ThreadedTest() {
    const absl::Status started = kind_->Start({
        .make_session = [this](Socket) { return std::exchange(next_, nullptr); },
        .options = nullptr,
    });
    EXPECT_TRUE(started.ok());
  }

  // Admits a session and waits until its thread serves it.
  std::shared_ptr<FakeSession> Admit(FakeSession::Nature nature) {
    auto session = std::make_shared<FakeSession>(nature);
    next_ = session;
    EXPECT_TRUE(kind_->Admit(Socket()).ok());
    session->WaitUntilServing();
    return session;
  }

  std::unique_ptr<ServerKind> kind_ = MakeThreadedKind();
  std::shared_ptr<FakeSession> next_;
};

TEST_F(ThreadedTest, ServesManyAtOnce) {
  std::vector<std::shared_ptr<FakeSession>> sessions;
  for (int i = 0; i < 20; ++i) sessions.push_back(Admit(FakeSession::kCalling));
  EXPECT_EQ(kind_->Stats().sessions_open, 20);
  for (const auto& session : sessions) session->Finish();
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
  for (const auto& session : sessions) EXPECT_FALSE(session->was_shut());
}

TEST_F(ThreadedTest, DrainEndsIdleSessionsAtOnce) {
  auto session = Admit(FakeSession::kIdle);
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
  EXPECT_FALSE(session->was_shut());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 0);
}

TEST_F(ThreadedTest, DrainWaitsForACall) {
  auto session = Admit(FakeSession::kCalling);
  auto drained =
      std::async(std::launch::async, [&] { return kind_->Drain(absl::InfiniteFuture()); });
  session->WaitUntilDrained();
  EXPECT_FALSE(session->was_shut());
  session->Finish();
  EXPECT_TRUE(drained.get().ok());
  EXPECT_FALSE(session->was_shut());
}

TEST_F(ThreadedTest, DeadlineShutsACall) {
  auto session = Admit(FakeSession::kCalling);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_TRUE(session->was_shut());
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
  EXPECT_EQ(kind_->Stats().abandoned_calls, 0);
}

TEST_F(ThreadedTest, ACallThatNeverEndsIsAbandoned) {
  auto stuck = Admit(FakeSession::kStuck);
  auto idle = Admit(FakeSession::kIdle);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 1);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());  // idempotent
  kind_.reset();
  stuck->Finish();  // its thread uses nothing of the kind
}

TEST_F(ThreadedTest, ASecondDrainMayBeInAHurry) {
  auto session = Admit(FakeSession::kCalling);
  auto drained =
      std::async(std::launch::async, [&] { return kind_->Drain(absl::InfiniteFuture()); });
  session->WaitUntilDrained();
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_TRUE(drained.get().ok());
  EXPECT_TRUE(session->was_shut());
}

TEST_F(ThreadedTest, RefusesOnceItDrains) {
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  next_ = std::make_shared<FakeSession>(FakeSession::kIdle);
  EXPECT_EQ(kind_->Admit(Socket()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
}

}  // namespace
}  // namespace rpyc
