// These tests make calls of two connections that wait for each other's peer.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "gtest/gtest.h"
#include "rpyc/connection.h"
#include "rpyc/mutex.h"
#include "rpyc/netref.h"
#include "rpyc/service.h"
#include "rpyc/testing/memory_stream.h"

namespace rpyc {
namespace {

constexpr int kAsks = 100;

// This is a host without sockets: a thread of its own serves each connection.
class CrossingTest : public testing::TestWithParam<int> {
 protected:
  CrossingTest() : service_("CROSSING") {
    service_.Expose("join", [this](std::string name, std::function<int(int)> callback) {
      MutexLock lock(&mutex_);
      callbacks_[name] = std::move(callback);
    });
    service_.Expose("ask", [this](std::string name, int x) {
      std::function<int(int)> callback;
      {
        MutexLock lock(&mutex_);
        callback = callbacks_.at(name);
      }
      return callback(x);
    });
    service_.Expose("echo", [](int x) { return x; });
  }
  ~CrossingTest() override {
    callbacks_.clear();
    for (std::thread& server : servers_) server.join();
  }

  Client Dial() {
    auto [mine, theirs] = MemoryStream::MakePair();
    servers_.emplace_back([this, stream = std::move(theirs)]() mutable {
      const absl::Status end = Connection(std::move(stream), &service_, &options_).ServeAll();
      // A client may have left when the reply to its last DEL is written.
      EXPECT_TRUE(end.ok() || absl::IsUnavailable(end)) << end;
    });
    ClientOptions options;
    options.config.dialect = GetParam();
    return *ConnectStream(std::move(mine), std::move(options));
  }

  Service service_;
  Connection::Options options_;
  std::vector<std::thread> servers_;
  Mutex mutex_;
  std::map<std::string, std::function<int(int)>> callbacks_ ABSL_GUARDED_BY(mutex_);
};

// Every call on one connection waits for the other's client. That client is in such a call itself
// and, to answer, calls the host again: only the waiting threads can read and serve.
TEST_P(CrossingTest, CallsThatWaitForEachOthersClientsGetOn) {
  std::atomic<int> joined{0};
  std::atomic<int> done{0};
  const auto talk = [&](Client client, std::string name, std::string other) {
    Netref root = client.root();
    root["join"](name,
                 std::function<int(int)>([&](int x) { return root["echo"](x).as<int>() + 1; }))
        .as<void>();
    ++joined;
    while (joined < 2) std::this_thread::yield();
    for (int i = 0; i < kAsks; ++i) ASSERT_EQ(root["ask"](other, i).get<int>().value_or(-1), i + 1);
    // The other client may still ask.
    for (++done; done < 2;) client.Serve(absl::Now() + absl::Milliseconds(1));
  };
  {
    std::thread a(talk, Dial(), "a", "b");
    std::thread b(talk, Dial(), "b", "a");
    a.join();
    b.join();
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, CrossingTest, testing::Values(5, 6));

}  // namespace
}  // namespace rpyc
