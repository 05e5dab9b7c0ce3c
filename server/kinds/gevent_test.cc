#include "server/kinds/gevent.h"

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/kinds/testing/fake_session.h"
#include "server/kinds/testing/kind_fixture.h"

namespace rpyc {
namespace {

class GeventTest : public KindFixture {
 protected:
  GeventTest() : KindFixture(MakeGeventKind()) {}

  void Start(int loops, int max_fibers = 100) {
    options_.loops = loops;
    options_.max_fibers = max_fibers;
    options_.fiber_stack_kib = 128;
    StartKind();
  }
};

TEST_F(GeventTest, ServesAllAtOnceOnOneThread) {
  Start(1);
  std::vector<std::shared_ptr<FakeSession>> sessions;
  for (int i = 0; i < 50; ++i) sessions.push_back(Admit(FakeSession::kCalling));
  EXPECT_EQ(kind_->Stats().sessions_open, 50);
  EXPECT_EQ(kind_->Stats().fibers->size, 100);
  EXPECT_EQ(kind_->Stats().fibers->most_busy, 50);
  for (const auto& session : sessions) session->Finish();
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
  EXPECT_EQ(kind_->Stats().sessions_open, 0);
  EXPECT_EQ(kind_->Stats().fibers->busy, 0);
}

TEST_F(GeventTest, LoopsShareTheFibers) {
  Start(3, /*max_fibers=*/6);
  std::vector<std::shared_ptr<FakeSession>> sessions;
  for (int i = 0; i < 6; ++i) sessions.push_back(Admit(FakeSession::kCalling));
  EXPECT_EQ(kind_->Stats().fibers->most_busy, 6);
  EXPECT_GT(kind_->Stats().fibers->saturated, 2);
  for (const auto& session : sessions) session->Finish();
  EXPECT_TRUE(kind_->Drain(absl::InfiniteFuture()).ok());
}

}  // namespace
}  // namespace rpyc
