// Timeouts, asynchronous results, several threads, a thread that serves in the background, and
// servers that vanish.
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "client/bg_serving_thread.h"
#include "client/stub.h"
#include "gtest/gtest.h"
#include "rpyc/async_result.h"
#include "tests/client/client_fixture.h"

namespace rpyc {
namespace {

class ClientThreads : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    if (IsSkipped()) return;
    client_.emplace(ConnectTo());
    root_ = client_->root();
    other_.emplace(ConnectTo());  // to open gates that the first waits at
  }
  void Open(const std::string& gate) { other_->root()["open"](gate).as<void>(); }

  std::optional<Client> client_, other_;
  Netref root_;
};

TEST_P(ClientThreads, TimeoutsPerCall) {
  const std::string gate = Unique("gate");
  EXPECT_TRUE(absl::StrContains(
      Raised(root_.Timeout(absl::Milliseconds(50))["wait"](gate, 1).status()), "TimeoutError"));
  Open(gate);
  // The late answer is dropped; the connection goes on.
  EXPECT_EQ(root_["wait"](gate, 2).as<int>(), 2);
  EXPECT_EQ(root_.Timeout(absl::InfiniteDuration())["echo"](3).as<int>(), 3);

  ClientOptions options;
  options.config.sync_request_timeout = absl::Milliseconds(50);
  const Client hasty = ConnectTo("threaded", options);
  const std::string second = Unique("gate");
  EXPECT_TRUE(absl::StrContains(Raised(hasty.root()["wait"](second).status()), "TimeoutError"));
  Open(second);
}

TEST_P(ClientThreads, AsyncResults) {
  const std::string gate = Unique("gate");
  const AsyncResult first = Async(root_["wait"])(gate, 1);
  const AsyncResult second = Async(root_["echo"])("two");
  EXPECT_FALSE(first.ready());
  EXPECT_FALSE(first.expired());
  int told = 0;
  first.AddCallback([&](AsyncResult result) { told = result.as<int>(); });
  Open(gate);
  EXPECT_EQ(second.as<std::string>(), "two");  // answered after the first
  EXPECT_TRUE(first.ready());
  EXPECT_FALSE(first.error());
  EXPECT_TRUE(first.Wait().ok());
  EXPECT_EQ(first.as<int>(), 1);
  EXPECT_EQ(told, 1);
  int told_at_once = 0;
  first.AddCallback([&](AsyncResult result) { told_at_once = result.as<int>(); });
  EXPECT_EQ(told_at_once, 1);

  const AsyncResult failed = Async(root_["fail"])("ValueError", "async");
  EXPECT_TRUE(failed.Wait().ok());
  EXPECT_TRUE(failed.error());
  EXPECT_TRUE(absl::StrContains(Raised(failed.get<int>().status()), "ValueError: async"));
  const AsyncResult no_such = Async(root_["no_such"])();
  EXPECT_TRUE(absl::StrContains(Raised(no_such.value().status()), "AttributeError"));
}

TEST_P(ClientThreads, AsyncResultsExpire) {
  const std::string gate = Unique("gate");
  const AsyncResult result = Async(root_["wait"])(gate, 1);
  bool told = false;
  result.AddCallback([&](AsyncResult) { told = true; });
  result.SetExpiry(absl::Milliseconds(50));
  EXPECT_TRUE(absl::StrContains(Raised(result.Wait()), "TimeoutError"));
  EXPECT_TRUE(result.expired());
  EXPECT_FALSE(result.ready());
  Open(gate);
  Settle(*client_);  // the answer has come by now
  EXPECT_TRUE(result.expired());
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(told);
  EXPECT_TRUE(absl::StrContains(Raised(result.value().status()), "TimeoutError"));
  // A Netref's Timeout is the expiry of its calls.
  const std::string second = Unique("gate");
  const AsyncResult timed = Async(root_.Timeout(absl::Milliseconds(50))["wait"])(second);
  EXPECT_TRUE(absl::StrContains(Raised(timed.Wait()), "TimeoutError"));
  Open(second);
}

TEST_P(ClientThreads, SeveralThreadsAtOnce) {
  constexpr int kThreads = 6, kCalls = 100;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const int sent = t * kCalls + i;
        // Every other call goes by way of a callback.
        const int got = i % 2 == 0 ? root_["echo"](sent).as<int>()
                                   : root_["call"]([](int x) { return x; }, sent).as<int>();
        right += got == sent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kCalls);
}

TEST_P(ClientThreads, AThreadThatServesInTheBackground) {
  std::promise<int> called;
  std::atomic<int> calls{0};
  const auto callback = [&](int x) {
    if (++calls == 1) called.set_value(x);
  };
  BgServingThread serving(*client_);
  root_["call_async"](callback, 7).as<void>();
  std::future<int> answer = called.get_future();
  ASSERT_EQ(answer.wait_for(absl::ToChronoSeconds(kDeadline)), std::future_status::ready);
  EXPECT_EQ(answer.get(), 7);
  // Calls go on beside it.
  EXPECT_EQ(root_["echo"](1).as<int>(), 1);
  serving.Stop();
  serving.Stop();
  EXPECT_EQ(root_["echo"](2).as<int>(), 2);
}

TEST_P(ClientThreads, CallbacksThatComeByThemselves) {
  // RPyC's test_threads: a periodic callback from another thread of the server, while this one
  // waits in a call, and while only the background thread serves.
  std::atomic<int> calls{0};
  std::promise<void> enough;
  BgServingThread serving(*client_);
  const Netref invoker = root_["invoker"](
      [&](int count) {
        if (++calls == 20) enough.set_value();
        return count;
      },
      0.005);
  const std::string gate = Unique("gate");
  const AsyncResult waiting = Async(root_["wait"])(gate, 1);
  ASSERT_EQ(enough.get_future().wait_for(absl::ToChronoSeconds(kDeadline)),
            std::future_status::ready);
  Open(gate);
  EXPECT_EQ(waiting.as<int>(), 1);
  invoker["stop"]().as<void>();
}

TEST_P(ClientThreads, ServesInALoopOfItsOwn) {
  int called = 0;
  root_["call_async"]([&](int x) { called = x; }, 5).as<void>();
  const absl::Time end = absl::Now() + kDeadline;
  while (called == 0 && absl::Now() < end)
    ASSERT_TRUE(client_->Serve(absl::Now() + absl::Milliseconds(10)));
  EXPECT_EQ(called, 5);
}

TEST_P(ClientThreads, TheServerGoesInTheMiddleOfACall) {
  // The connection alone.
  EXPECT_TRUE(absl::StrContains(Raised(root_["hang_up"]().status()), "EOFError"));
  EXPECT_TRUE(client_->closed());
  EXPECT_TRUE(absl::StrContains(Raised(client_->Ping()), "EOFError"));
  // The whole process.
  const auto server = PythonServer::Start(GetParam(), {"threaded"});
  ClientOptions options;
  options.config.dialect = dialect();
  const Endpoint& at = server->at("threaded");
  const Client client = *Connect(at.host, at.port, options);
  EXPECT_TRUE(absl::StrContains(Raised(client.root()["exit"](3).status()), "EOFError"));
  EXPECT_TRUE(client.closed());
}

TEST_P(ClientThreads, TheBackgroundThreadTellsThatTheServerHasGone) {
  const auto server = PythonServer::Start(GetParam(), {"threaded"});
  ClientOptions options;
  options.config.dialect = dialect();
  const Endpoint& at = server->at("threaded");
  const Client client = *Connect(at.host, at.port, options);
  std::promise<void> lost;
  BgServingThread serving(client, [&] { lost.set_value(); });
  EXPECT_TRUE(client.Ping(kDeadline).ok());
  server->Kill();
  EXPECT_EQ(lost.get_future().wait_for(absl::ToChronoSeconds(kDeadline)),
            std::future_status::ready);
  EXPECT_TRUE(client.closed());
}

TEST_P(ClientThreads, ClosingEndsWhatOthersWaitFor) {
  ClientOptions options;
  options.config.sync_request_timeout = absl::Milliseconds(100);  // a busy peer of 6 is waited for
  Client client = ConnectTo("threaded", options);
  std::atomic<bool> lost{false};
  BgServingThread serving(client, [&] { lost = true; });
  const std::string gate = Unique("gate");
  const AsyncResult result = Async(client.root()["wait"])(gate);
  auto waiting = std::async(std::launch::async, [&] { return result.value().status(); });
  client.Close();
  EXPECT_TRUE(absl::StrContains(Raised(waiting.get()), "EOFError"));
  serving.Stop();
  EXPECT_FALSE(lost);
  Open(gate);
}

// --- stubs ---

struct Record : Stub {
  using Stub::Stub;
  Attribute<int> number{this, "number"};
  Attribute<std::string> text{this, "text"};
};

struct Fixture : Stub {
  using Stub::Stub;
  Method<double(std::pair<int, int>, std::pair<int, int>)> distance{this, "distance"};
  Method<absl::StatusOr<int>(std::string, std::string)> fail{this, "fail"};
  Method<Record()> record{this, "record"};
  Method<Record(Record)> echo{this, "echo"};
  Method<int(std::function<int(int)>, int)> call{this, "call"};
  Method<int(std::string, int)> wait{this, "wait"};
  Method<void(std::string)> open{this, "open"};
};

TEST_P(ClientThreads, StubsArePlainStructs) {
  const Client client = ConnectTo("open");
  const Fixture fixture(client.root());
  EXPECT_EQ(fixture.distance({0, 0}, {3, 4}), 5.0);
  EXPECT_TRUE(absl::StrContains(Raised(fixture.fail("ValueError", "x").status()), "ValueError: x"));
  Record record = fixture.record();
  EXPECT_EQ(record.number, 7);
  record.number.Set(8);
  EXPECT_EQ(record.number.Get(), 8);
  EXPECT_EQ(std::string(record.text), "seven");
  const Record copy = fixture.echo(record);
  EXPECT_TRUE(copy.netref().Is(record.netref()));
  EXPECT_EQ(fixture.call([](int x) { return x + 1; }, 1), 2);
  const std::string gate = Unique("gate");
  const AsyncResult waiting = fixture.wait.Async(gate, 4);
  Open(gate);
  EXPECT_EQ(waiting.as<int>(), 4);
  fixture.open(gate);
}

RPYC_FOR_EACH_VERSION(ClientThreads);

}  // namespace
}  // namespace rpyc
