#ifndef RPYC_SERVER_KINDS_TESTING_KIND_FIXTURE_H_
#define RPYC_SERVER_KINDS_TESTING_KIND_FIXTURE_H_

#include <sys/socket.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "server/kinds/testing/fake_session.h"
#include "server/server_kind.h"
#include "server/server_options.h"

namespace rpyc {

// A kind under test, and fake sessions for it.
class KindFixture : public testing::Test {
 protected:
  explicit KindFixture(std::unique_ptr<ServerKind> kind) : kind_(std::move(kind)) {}
  ~KindFixture() override { kind_->Drain(absl::InfinitePast()).IgnoreError(); }

  // Starts the kind with `options_`.
  void StartKind() {
    const absl::Status started = kind_->Start({
        .make_session =
            [this](Socket socket) {
              sockets_.push_back(std::move(socket));  // stays open, as in a real session
              return std::exchange(next_, nullptr);
            },
        .options = &options_,
    });
    ASSERT_TRUE(started.ok()) << started;
  }
  Socket NewSocket() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    peers_.emplace_back(ends[1]);
    return Socket(Fd(ends[0]), "peer", /*tcp=*/false);
  }
  // Admits a session and waits until it is served.
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
  std::shared_ptr<FakeSession> next_;  // the session of the next socket
  std::unique_ptr<ServerKind> kind_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_TESTING_KIND_FIXTURE_H_
