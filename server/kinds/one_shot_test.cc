#include "server/kinds/one_shot.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "server/kinds/testing/fake_session.h"

namespace rpyc {
namespace {

class OneShotTest : public testing::Test {
 protected:
  OneShotTest() {
    const absl::Status started = kind_->Start({
        .make_session = [this](Socket) { return session_; },
        .options = nullptr,
    });
    EXPECT_TRUE(started.ok());
  }

  // Admits a session on a thread of its own, which also serves it, and waits until it is served.
  void Admit(FakeSession::Nature nature) {
    session_ = std::make_shared<FakeSession>(nature);
    admitted_ = std::async(std::launch::async, [this] { return kind_->Admit(Socket()); });
    session_->WaitUntilServing();
  }
  std::future<absl::Status> Drain(absl::Time deadline) {
    return std::async(std::launch::async, [this, deadline] { return kind_->Drain(deadline); });
  }

  const std::unique_ptr<ServerKind> kind_ = MakeOneShotKind();
  std::shared_ptr<FakeSession> session_;
  std::future<absl::Status> admitted_;
};

TEST_F(OneShotTest, AdmitServes) {
  Admit(FakeSession::kCalling);
  EXPECT_EQ(kind_->Stats().sessions_open, 1);
  session_->Finish();
  EXPECT_TRUE(admitted_.get().ok());
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
}

TEST_F(OneShotTest, DrainEndsAnIdleSessionAtOnce) {
  Admit(FakeSession::kIdle);
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(admitted_.get().ok());
  EXPECT_FALSE(session_->was_shut());
}

TEST_F(OneShotTest, DrainWaitsForACall) {
  Admit(FakeSession::kCalling);
  auto drained = Drain(absl::InfiniteFuture());
  session_->WaitUntilDrained();
  session_->Finish();
  EXPECT_TRUE(drained.get().ok());
  EXPECT_TRUE(admitted_.get().ok());
  EXPECT_FALSE(session_->was_shut());
}

TEST_F(OneShotTest, DeadlineShutsACall) {
  Admit(FakeSession::kCalling);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_TRUE(session_->was_shut());
  EXPECT_TRUE(admitted_.get().ok());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 0);
}

TEST_F(OneShotTest, ACallThatNeverEndsIsAbandoned) {
  Admit(FakeSession::kStuck);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 1);
  session_->Finish();
  EXPECT_TRUE(admitted_.get().ok());
}

TEST_F(OneShotTest, RefusesOnceItDrains) {
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  session_ = std::make_shared<FakeSession>(FakeSession::kIdle);
  EXPECT_EQ(kind_->Admit(Socket()).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace rpyc
