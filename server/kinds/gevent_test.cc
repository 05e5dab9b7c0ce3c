#include "server/kinds/gevent.h"

#include <sys/socket.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "server/kinds/fake_session.h"

namespace rpyc {
namespace {

class GeventTest : public testing::Test {
 protected:
  void Start(int loops, int max_fibers = 100) {
    options_.loops = loops;
    options_.max_fibers = max_fibers;
    options_.fiber_stack_kib = 128;
    const absl::Status started = kind_->Start({
        .make_session =
            [this](Socket socket) {
              sockets_.push_back(
                  std::move(socket));  // as the session would: open until it has gone
              return std::exchange(next_, nullptr);
            },
        .options = &options_,
    });
    ASSERT_TRUE(started.ok()) << started;
  }
  ~GeventTest() override { kind_->Drain(absl::InfinitePast()).IgnoreError(); }

  Socket NewSocket() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    peers_.emplace_back(ends[1]);
    return Socket(Fd(ends[0]), "peer", /*tcp=*/false);
  }
  // Admits a session and waits until a thread serves it.
  std::shared_ptr<FakeSession> Admit(FakeSession::Nature nature) {
    auto session = std::make_shared<FakeSession>(nature);
    next_ = session;
    EXPECT_TRUE(kind_->Admit(NewSocket()).ok());
    session->WaitUntilServing();
    return session;
  }
  std::future<absl::Status> Drain(absl::Time deadline) {
    return std::async(std::launch::async, [this, deadline] { return kind_->Drain(deadline); });
  }

  ServerOptions options_;
  std::vector<Socket> sockets_;
  std::vector<Fd> peers_;
  std::shared_ptr<FakeSession> next_;
  std::unique_ptr<ServerKind> kind_ = MakeGeventKind();
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

TEST_F(GeventTest, DrainWaitsForACall) {
  Start(2);
  auto session = Admit(FakeSession::kCalling);
  auto drained = Drain(absl::InfiniteFuture());
  session->WaitUntilDrained();
  session->Finish();
  EXPECT_TRUE(drained.get().ok());
  EXPECT_FALSE(session->was_shut());
}

TEST_F(GeventTest, DeadlineShutsACall) {
  Start(2);
  auto session = Admit(FakeSession::kCalling);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_TRUE(session->was_shut());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 0);
}

TEST_F(GeventTest, CallsThatNeverEndAreAbandoned) {
  Start(2);
  auto stuck = Admit(FakeSession::kStuck), another = Admit(FakeSession::kStuck);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  EXPECT_EQ(kind_->Stats().abandoned_calls, 2);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());  // idempotent
  kind_ = MakeGeventKind();
  stuck->Finish();  // its thread needs nothing of the kind's
  another->Finish();
}

TEST_F(GeventTest, RefusesOnceItDrains) {
  Start(1);
  EXPECT_TRUE(kind_->Drain(absl::InfinitePast()).ok());
  next_ = std::make_shared<FakeSession>(FakeSession::kIdle);
  EXPECT_EQ(kind_->Admit(NewSocket()).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace rpyc
