// A client whose threads are bound to those of real servers.
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "client/bg_serving_thread.h"
#include "gtest/gtest.h"
#include "tests/client/client_fixture.h"

namespace rpyc {
namespace {

class ClientBindThreads : public ClientTest {
 protected:
  ClientOptions Bound() const {
    ClientOptions options;
    options.config.bind_threads = true;
    options.config.dialect = dialect();
    return options;
  }
};

// How deep the peer and this thread called each other; -1 if a callback ran on another thread.
int Nest(const Netref& root, int depth) {
  const std::thread::id me = std::this_thread::get_id();
  bool elsewhere = false;
  std::function<int(Netref, int)> step = [&](const Netref& chain, int left) {
    elsewhere |= std::this_thread::get_id() != me;
    return left == 0 ? 0 : 1 + chain(step, left - 1).as<int>();
  };
  const int deep = root["chain"](step, depth).as<int>();
  return elsewhere ? -1 : deep;
}

TEST_P(ClientBindThreads, CallbacksRunOnTheThreadThatCalled) {
  const Client client = ConnectTo("bound", Bound());
  EXPECT_EQ(client.root()["echo"]("text").as<std::string>(), "text");
  EXPECT_EQ(Nest(client.root(), 10), 10);
  EXPECT_TRUE(absl::StrContains(Raised(client.root()["fail"]("ValueError", "x").status()),
                                "ValueError: x"));
  EXPECT_TRUE(client.Ping(kDeadline).ok());
}

TEST_P(ClientBindThreads, OfSeveralThreadsToo) {
  constexpr int kThreads = 4, kCalls = 30;
  const Client client = ConnectTo("bound", Bound());
  const Netref root = client.root();
  std::vector<int> right(kThreads);
  std::vector<std::thread> threads;
  for (int& mine : right) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) mine += Nest(root, 3) == 3;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(kThreads, kCalls));
}

TEST_P(ClientBindThreads, BesideAThreadThatServes) {
  const Client client = ConnectTo("bound", Bound());
  BgServingThread serving(client);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Nest(client.root(), 3), 3);
}

TEST_P(ClientBindThreads, TheDialectMustBeTold) {
  ClientOptions options = Bound();
  options.config.dialect = 0;
  const absl::Status refused = ConnectAsTold("bound", options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.message(), server_->at("bound").ToString())) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), "set config.dialect to 5 or 6")) << refused;
}

TEST_P(ClientBindThreads, BothSidesMustHaveItOn) {
  const Client client = ConnectTo("threaded", Bound());
  const std::string raised = Raised(client.root().status());
  EXPECT_TRUE(absl::StrContains(raised, "EOFError")) << raised;
  EXPECT_TRUE(absl::StrContains(raised, server_->at("threaded").ToString())) << raised;
  EXPECT_TRUE(absl::StrContains(raised, "bind_threads")) << raised;
}

// 4.1.5 has no such key.
INSTANTIATE_TEST_SUITE_P(Rpyc, ClientBindThreads, testing::Values("5.3.1", "6.0.2"), VersionName);

}  // namespace
}  // namespace rpyc
