#include "server/server_directory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/service.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "server/reason.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

struct Gate {
  std::promise<void> entered;
  std::promise<void> open;
};

class ServerDirectoryTest : public testing::Test {
 protected:
  ServerDirectoryTest()
      : directory_(*ServiceCatalog::Make(
                       {Service("MY_ECHO").Alias("e").Expose("echo", [](Value x) { return x; }),
                        Service("SLOW").Expose("wait",
                                               [gate = gate_] {
                                                 gate->entered.set_value();
                                                 gate->open.get_future().wait();
                                               })}),
                   BuiltinServerKinds()) {}

  static ServerOptions Options(absl::string_view service = "MY_ECHO") {
    ServerOptions options;
    options.kind = BuiltinServerKinds().rows().front().name;
    options.service = std::string(service);
    return options;
  }
  std::string Start(absl::string_view id = "", absl::string_view service = "MY_ECHO") {
    absl::StatusOr<ServerRecord> record = directory_.StartServer(id, Options(service));
    return record.ok() ? record->id : GetReason(record.status()).reason;
  }
  std::string Close(absl::string_view id) {
    absl::StatusOr<ServerRecord> record = directory_.CloseServer(id, absl::ZeroDuration());
    return record.ok() ? "" : GetReason(record.status()).reason;
  }
  std::vector<std::string> List(bool show_closed) const {
    std::vector<std::string> ids;
    for (const ServerRecord& record : directory_.ListServers(show_closed)) ids.push_back(record.id);
    return ids;
  }

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  ServerDirectory directory_;
};

using Ids = std::vector<std::string>;

TEST_F(ServerDirectoryTest, StartsGetsAndCloses) {
  absl::StatusOr<ServerRecord> started = directory_.StartServer("one", Options("e"));
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->id, "one");
  EXPECT_EQ(started->options.service, "MY_ECHO");
  EXPECT_EQ(started->options.hostname, "127.0.0.1");
  EXPECT_EQ(started->snapshot.state, ServerState::kListening);
  Caller caller(started->snapshot);
  EXPECT_EQ(*caller.Call("echo", {5}), Value(5));
  EXPECT_EQ(directory_.GetServer("one")->snapshot.calls_total, 1);

  absl::StatusOr<ServerRecord> closed = directory_.CloseServer("one", absl::ZeroDuration());
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->snapshot.state, ServerState::kClosed);
  EXPECT_EQ(closed->snapshot.calls_total, 1);
  EXPECT_TRUE(caller.Ended());
  EXPECT_EQ(directory_.GetServer("one")->snapshot.state, ServerState::kClosed);
}

TEST_F(ServerDirectoryTest, MakesIds) {
  EXPECT_EQ(Start(), "my-echo");
  EXPECT_EQ(Start(), "my-echo-2");
  EXPECT_EQ(Start("", "SLOW"), "slow");
  EXPECT_EQ(Close("my-echo"), "");
  EXPECT_EQ(Start(), "my-echo");
}

TEST_F(ServerDirectoryTest, SaysWhatIsWrong) {
  EXPECT_EQ(Start("one"), "one");
  EXPECT_EQ(Start("one"), "SERVER_ALREADY_EXISTS");
  EXPECT_EQ(Start("One"), "INVALID_FIELD");
  EXPECT_EQ(Start("two", "NO_SUCH"), "UNKNOWN_SERVICE");
  const absl::Status unknown = directory_.StartServer("two", Options("NO_SUCH")).status();
  EXPECT_NE(unknown.message().find("MY_ECHO, SLOW"), absl::string_view::npos);
  EXPECT_EQ(GetReason(directory_.GetServer("two").status()).reason, "SERVER_NOT_FOUND");
  EXPECT_EQ(Close("two"), "SERVER_NOT_FOUND");
  EXPECT_EQ(Close("one"), "");
  EXPECT_EQ(Close("one"), "INVALID_SERVER_STATE");
}

TEST_F(ServerDirectoryTest, ListsInOrderAndClosedOnesWhenAsked) {
  EXPECT_EQ(Start("c"), "c");
  EXPECT_EQ(Start("a"), "a");
  EXPECT_EQ(Start("b"), "b");
  EXPECT_EQ(Close("a"), "");
  EXPECT_EQ(List(false), (Ids{"c", "b"}));
  EXPECT_EQ(List(true), (Ids{"c", "a", "b"}));
  EXPECT_EQ(Start("a"), "a");  // its old record goes
  EXPECT_EQ(List(true), (Ids{"c", "b", "a"}));
}

TEST_F(ServerDirectoryTest, AFailedStartLeavesThingsAsTheyWere) {
  EXPECT_EQ(Start("old"), "old");
  EXPECT_EQ(Close("old"), "");
  ServerOptions taken = Options();
  EXPECT_EQ(Start("holder"), "holder");
  taken.port = directory_.GetServer("holder")->snapshot.port;
  for (const char* id : {"old", "new"}) {
    EXPECT_EQ(GetReason(directory_.StartServer(id, taken).status()).reason, "ADDRESS_IN_USE");
  }
  EXPECT_EQ(List(true), (Ids{"old", "holder"}));
  EXPECT_EQ(directory_.GetServer("old")->snapshot.state, ServerState::kClosed);
}

TEST_F(ServerDirectoryTest, KeepsAHundredClosedOnes) {
  EXPECT_EQ(Start("first"), "first");
  EXPECT_EQ(Close("first"), "");
  for (int i = 0; i < 99; ++i) {
    const std::string id = absl::StrCat("s", i);
    ASSERT_EQ(Start(id), id);
    ASSERT_EQ(Close(id), "");
  }
  EXPECT_TRUE(directory_.GetServer("first").ok());
  EXPECT_EQ(Start("last"), "last");
  EXPECT_EQ(Close("last"), "");
  EXPECT_FALSE(directory_.GetServer("first").ok());
  EXPECT_EQ(List(true).size(), 100u);
  EXPECT_EQ(directory_.GetTotals().servers_open, 0);
}

TEST_F(ServerDirectoryTest, ChecksWithoutStarting) {
  EXPECT_EQ(directory_.CheckServer("", Options())->id, "my-echo");
  EXPECT_EQ(directory_.CheckServer("", Options())->options.hostname, "127.0.0.1");
  EXPECT_EQ(GetReason(directory_.CheckServer("X", Options()).status()).reason, "INVALID_FIELD");
  EXPECT_EQ(GetReason(directory_.CheckServer("", Options("NO")).status()).reason,
            "UNKNOWN_SERVICE");
  EXPECT_TRUE(List(true).empty());
}

TEST_F(ServerDirectoryTest, ASlowCloseHoldsUpNobody) {
  EXPECT_EQ(Start("slow", "SLOW"), "slow");
  Caller caller(directory_.GetServer("slow")->snapshot);
  caller.Send("wait");
  gate_->entered.get_future().wait();
  auto closing = std::async(
      std::launch::async, [&] { return directory_.CloseServer("slow", absl::InfiniteDuration()); });
  while (directory_.GetServer("slow")->snapshot.state != ServerState::kDraining) {
  }
  EXPECT_EQ(Close("slow"), "INVALID_SERVER_STATE");
  EXPECT_EQ(Start("other"), "other");
  EXPECT_EQ(List(false), (Ids{"slow", "other"}));
  EXPECT_EQ(Start("slow"), "SERVER_ALREADY_EXISTS");
  gate_->open.set_value();
  EXPECT_EQ(closing.get()->snapshot.state, ServerState::kClosed);
}

TEST_F(ServerDirectoryTest, CloseAllHastensWhatIsBeingClosed) {
  EXPECT_EQ(Start("slow", "SLOW"), "slow");
  EXPECT_EQ(Start("other"), "other");
  Caller caller(directory_.GetServer("slow")->snapshot);
  caller.Send("wait");
  gate_->entered.get_future().wait();
  auto closing = std::async(
      std::launch::async, [&] { return directory_.CloseServer("slow", absl::InfiniteDuration()); });
  while (directory_.GetServer("slow")->snapshot.state != ServerState::kDraining) {
  }
  directory_.CloseAll(absl::ZeroDuration());
  EXPECT_EQ(closing.get()->snapshot.abandoned_calls, 1);
  EXPECT_TRUE(List(false).empty());
  EXPECT_EQ(directory_.GetTotals().abandoned_calls, 1);
  EXPECT_EQ(Start("late"), "HOST_CLOSING");
  gate_->open.set_value();
}

// --- servers that close by themselves, after one connection ---

ServerOptions OneConnection(ServerOptions options) {
  const ServerKindTable kinds = BuiltinServerKinds();
  for (const ServerKindInfo& kind : kinds.rows()) {
    if (kind.traits.one_connection) options.kind = kind.name;
  }
  return options;
}

TEST_F(ServerDirectoryTest, AServerThatClosesByItselfIsPutAway) {
  for (int i = 0; i < 20; ++i) {
    const auto started = directory_.StartServer("one", OneConnection(Options()));
    ASSERT_TRUE(started.ok()) << started.status();
    {
      Caller caller(started->snapshot);
      EXPECT_EQ(*caller.Call("echo", {5}), Value(5));
      EXPECT_EQ(directory_.GetServer("one")->snapshot.state, ServerState::kDraining);
      EXPECT_EQ(Start("one"), "SERVER_ALREADY_EXISTS");
      EXPECT_EQ(List(false), Ids{"one"});
    }
    while (directory_.GetServer("one")->snapshot.state != ServerState::kClosed) {
    }
    EXPECT_EQ(List(false), Ids());
    EXPECT_EQ(List(true), Ids{"one"});
    EXPECT_EQ(directory_.GetServer("one")->snapshot.calls_total, 1);
    EXPECT_EQ(Close("one"), "INVALID_SERVER_STATE");
    EXPECT_EQ(directory_.GetTotals().calls_total, i + 1);
    EXPECT_EQ(directory_.GetTotals().servers_open, 0);
  }
}

TEST_F(ServerDirectoryTest, ASelfClosingServerIsClosedAsAnyOther) {
  for (int i = 0; i < 20; ++i) {
    const auto started = directory_.StartServer("one", OneConnection(Options()));
    ASSERT_TRUE(started.ok()) << started.status();
    auto caller = std::make_unique<Caller>(started->snapshot);
    EXPECT_EQ(*caller->Ping(1), Value(1));
    // Another thread closes it just when it closes by itself; it is closed only once.
    auto closing = std::async(std::launch::async, [this] { return Close("one"); });
    caller.reset();
    const std::string outcome = closing.get();
    EXPECT_TRUE(outcome.empty() || outcome == "INVALID_SERVER_STATE") << outcome;
    while (directory_.GetServer("one")->snapshot.state != ServerState::kClosed) {
    }
    EXPECT_EQ(directory_.GetTotals().connections_total, i + 1);
  }
}

TEST_F(ServerDirectoryTest, CloseAllEndsASelfClosingServer) {
  const auto waits = directory_.StartServer("waits", OneConnection(Options()));
  const auto serves = directory_.StartServer("serves", OneConnection(Options("SLOW")));
  Caller caller(serves->snapshot);
  caller.Send("wait");
  gate_->entered.get_future().wait();
  directory_.CloseAll(absl::ZeroDuration());
  EXPECT_TRUE(List(false).empty());
  EXPECT_EQ(directory_.GetTotals().abandoned_calls, 1);
  gate_->open.set_value();
}

// Several threads start, use and close servers with the same two ids at once.
TEST_F(ServerDirectoryTest, AStormOnTheSameIds) {
  std::atomic<int> used = 0;
  std::vector<std::future<void>> operators;
  for (int i = 0; i < 6; ++i) {
    operators.push_back(std::async(std::launch::async, [this, i, &used] {
      for (int round = 0; round < 40; ++round) {
        const std::string id = round % 2 == 0 ? "one" : "two";
        ServerOptions options = Options();
        if ((round + i) % 3 == 0) options = OneConnection(options);
        const auto started = directory_.StartServer(id, options);
        if (started.ok()) {
          // Another thread may have closed it.
          const ServerSnapshot& at = started->snapshot;
          used += Socket::Connect(*SocketAddress::Resolve(at.hostname, at.port, false)).ok();
        } else {
          EXPECT_EQ(GetReason(started.status()).reason, "SERVER_ALREADY_EXISTS");
        }
        const std::string closed = Close(id);
        EXPECT_TRUE(closed.empty() || closed == "INVALID_SERVER_STATE" ||
                    closed == "SERVER_NOT_FOUND")
            << closed;
        for (const ServerRecord& record : directory_.ListServers(/*show_closed=*/true)) {
          EXPECT_TRUE(record.id == "one" || record.id == "two");
        }
        EXPECT_LE(directory_.GetTotals().servers_open, 2);
      }
    }));
  }
  for (auto& one : operators) one.get();
  directory_.CloseAll(absl::ZeroDuration());
  EXPECT_TRUE(List(false).empty());
  const ServerDirectory::Totals totals = directory_.GetTotals();
  EXPECT_EQ(totals.servers_open, 0);
  EXPECT_EQ(totals.connections_open, 0);
  EXPECT_EQ(totals.abandoned_calls, 0);
  EXPECT_GT(used, 0);
}

TEST_F(ServerDirectoryTest, TotalsRememberClosedServers) {
  EXPECT_EQ(Start("a"), "a");
  EXPECT_EQ(Start("b"), "b");
  Caller a(directory_.GetServer("a")->snapshot);
  Caller b(directory_.GetServer("b")->snapshot);
  EXPECT_TRUE(a.Call("echo", {1}).ok());
  EXPECT_TRUE(b.Call("echo", {1}).ok());
  EXPECT_EQ(Close("a"), "");
  const ServerDirectory::Totals totals = directory_.GetTotals();
  EXPECT_EQ(totals.servers_open, 1);
  EXPECT_EQ(totals.connections_open, 1);
  EXPECT_EQ(totals.connections_total, 2);
  EXPECT_EQ(totals.calls_total, 2);
}

}  // namespace
}  // namespace rpyc
