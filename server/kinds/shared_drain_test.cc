// Tests how kinds drain whose threads serve many connections.

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/kinds/gevent.h"
#include "server/kinds/testing/fake_session.h"
#include "server/kinds/testing/kind_fixture.h"
#include "server/kinds/thread_pool.h"

namespace rpyc {
namespace {

using MakeKind = std::unique_ptr<ServerKind> (*)();

class SharedDrainTest : public KindFixture, public testing::WithParamInterface<MakeKind> {
 protected:
  SharedDrainTest() : KindFixture(GetParam()()) {}

  void Start(int threads) {
    options_.nbthreads = options_.loops = threads;
    options_.request_batch_size = 10;
    options_.max_fibers = 100;
    options_.fiber_stack_kib = 128;
    StartKind();
  }
};

TEST_P(SharedDrainTest, DrainWaitsForACall) {
  Start(2);
  auto session = Admit(FakeSession::kCalling);
  auto drained = Drain(absl::InfiniteFuture());
  session->WaitUntilDrained();
  session->Finish();
  EXPECT_TRUE(drained.get().ok());
  EXPECT_FALSE(session->was_shut());
}

TEST_P(SharedDrainTest, DeadlineShutsACall) {
  Start(2);
  auto session = Admit(FakeSession::kCalling);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_TRUE(session->was_shut());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 0);
}

TEST_P(SharedDrainTest, CallsThatNeverEndAreAbandoned) {
  Start(2);
  auto stuck = Admit(FakeSession::kStuck), another = Admit(FakeSession::kStuck);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 2);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());  // idempotent
  kind_ = GetParam()();
  stuck->Finish();  // its thread uses nothing of the kind
  another->Finish();
}

TEST_P(SharedDrainTest, RefusesOnceItDrains) {
  Start(1);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  next_ = std::make_shared<FakeSession>(FakeSession::kIdle);
  EXPECT_EQ(kind_->Admit(NewSocket()).code(), absl::StatusCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SharedDrainTest,
                         testing::Values(&MakeThreadPoolKind, &MakeGeventKind));

}  // namespace
}  // namespace rpyc
