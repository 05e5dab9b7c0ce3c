#include "server/kinds/worker_pool.h"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/kinds/testing/fake_session.h"

namespace rpyc {
namespace {

// Sessions come from a queue. A session is served until Finish, either in a call or in a call that
// waits for its peer.
class WorkerPoolTest : public testing::Test {
 protected:
  void Start(int size) {
    pool_ = std::make_shared<WorkerPool>(
        size, [this] { return Next(); },
        [](const WorkerPool::Ready& ready) { ready.session->ServeArrived(1); });
    ASSERT_TRUE(pool_->Start().ok());
  }
  ~WorkerPoolTest() override {
    End();
    pool_->AwaitEnd(0, absl::InfiniteFuture());
  }

  WorkerPool::Ready Next() {
    MutexLock lock(&mutex_);
    while (queue_.empty() && !end_) changed_.Wait(&mutex_);
    if (queue_.empty()) return {};
    auto session = std::move(queue_.front());
    queue_.pop_front();
    return {.session = std::move(session)};
  }
  std::shared_ptr<FakeSession> Put(FakeSession::Nature nature) {
    auto session = std::make_shared<FakeSession>(nature);
    MutexLock lock(&mutex_);
    queue_.push_back(session);
    changed_.Signal();
    return session;
  }
  void End() {
    MutexLock lock(&mutex_);
    end_ = true;
    changed_.SignalAll();
  }

  std::shared_ptr<WorkerPool> pool_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::shared_ptr<Session>> queue_ ABSL_GUARDED_BY(mutex_);
  bool end_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(WorkerPoolTest, ServesSoManyAtATime) {
  Start(2);
  auto first = Put(FakeSession::kCalling), second = Put(FakeSession::kCalling);
  first->WaitUntilServing();
  second->WaitUntilServing();
  EXPECT_EQ(pool_->Stats().busy, 2);
  EXPECT_EQ(pool_->Stats().saturated, 1);
  auto third = Put(FakeSession::kCalling);
  first->Finish();
  third->WaitUntilServing();
  second->Finish();
  third->Finish();
}

TEST_F(WorkerPoolTest, CallsThatWaitForPeersAreStoodInFor) {
  Start(2);
  std::vector<std::shared_ptr<FakeSession>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(Put(FakeSession::kWaiting));
    waiting.back()->WaitUntilServing();  // though all earlier sessions still wait
  }
  EXPECT_EQ(pool_->Stats().waiting, 20);
  auto call = Put(FakeSession::kCalling);
  call->WaitUntilServing();
  call->Finish();
  for (const auto& session : waiting) session->Finish();
  End();
  pool_->AwaitEnd(0, absl::InfiniteFuture());
  EXPECT_EQ(pool_->Stats().waiting, 0);
  EXPECT_EQ(pool_->Stats().busy, 0);
}

TEST_F(WorkerPoolTest, ThoseThatWaitedDoNotAddUp) {
  Start(1);
  for (int i = 0; i < 100; ++i) {
    auto waiting = Put(FakeSession::kWaiting);
    waiting->WaitUntilServing();
    auto other = Put(FakeSession::kWaiting);
    other->WaitUntilServing();
    waiting->Finish();
    other->Finish();
  }
  auto first = Put(FakeSession::kCalling);
  first->WaitUntilServing();
  EXPECT_EQ(pool_->Stats().size, 1);
  first->Finish();
}

TEST_F(WorkerPoolTest, OneMoreWorksWhereAllAreStuck) {
  Start(1);
  auto stuck = Put(FakeSession::kStuck);
  stuck->WaitUntilServing();
  pool_->GrowByOne();
  auto other = Put(FakeSession::kCalling);
  other->WaitUntilServing();
  other->Finish();
  End();
  pool_->AwaitEnd(/*stuck=*/1, absl::InfiniteFuture());
  EXPECT_EQ(pool_->Stats().busy, 1);
  stuck->Finish();
}

}  // namespace
}  // namespace rpyc
