#include "server/kinds/thread_pool.h"

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/kinds/testing/fake_session.h"
#include "server/kinds/testing/kind_fixture.h"

namespace rpyc {
namespace {

class ThreadPoolTest : public KindFixture {
 protected:
  ThreadPoolTest() : KindFixture(MakeThreadPoolKind()) {}

  void Start(int nbthreads) {
    options_.nbthreads = nbthreads;
    options_.request_batch_size = 10;
    StartKind();
  }
};

TEST_F(ThreadPoolTest, ServesAsManyAtOnceAsItHasThreads) {
  Start(3);
  std::vector<std::shared_ptr<FakeSession>> sessions;
  for (int i = 0; i < 3; ++i) sessions.push_back(Admit(FakeSession::kCalling));
  EXPECT_EQ(kind_->Stats().sessions_open, 3);
  EXPECT_EQ(kind_->Stats().workers->size, 3);
  EXPECT_EQ(kind_->Stats().workers->busy, 3);
  EXPECT_EQ(kind_->Stats().workers->saturated, 1);
  for (const auto& session : sessions) session->Finish();
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
  EXPECT_EQ(kind_->Stats().workers->busy, 0);
}

TEST_F(ThreadPoolTest, AThirdIsServedThoughTwoWaitForTheirPeers) {
  Start(1);
  auto first = Admit(FakeSession::kWaiting), second = Admit(FakeSession::kWaiting);
  auto third = Admit(FakeSession::kCalling);
  EXPECT_EQ(kind_->Stats().workers->waiting, 2);
  for (const auto& session : {first, second, third}) session->Finish();
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
}

}  // namespace
}  // namespace rpyc
