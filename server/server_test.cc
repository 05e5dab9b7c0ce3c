#include "server/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "rpyc/service.h"
#include "server/reason.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

// Calls that wait, controlled by the test; shared, because an abandoned one outlives the test.
struct Gate {
  std::promise<void> entered;
  std::promise<void> open;
};

Service MakeService(std::shared_ptr<Gate> gate = std::make_shared<Gate>()) {
  return Service("TEST")
      .Expose("add", [](int64_t a, int64_t b) { return a + b; })
      .Expose("wait", [gate] {
        gate->entered.set_value();
        gate->open.get_future().wait();
        return "waited";
      });
}

ServerOptions Options() {
  ServerOptions options;
  options.kind = BuiltinServerKinds().rows().front().name;
  options.service = "TEST";
  return options;
}

absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                              const Service& service = MakeService()) {
  return Server::Start(options, service, BuiltinServerKinds());
}

std::string ReasonOf(const absl::StatusOr<std::unique_ptr<Server>>& server) {
  return GetReason(server.status()).reason;
}

// The options with one of them changed.
template <typename T>
ServerOptions With(T ServerOptions::*field, T value) {
  ServerOptions options = Options();
  options.*field = std::move(value);
  return options;
}

TEST(Server, ServesAndCounts) {
  auto server = *Start(Options());
  EXPECT_EQ(server->options().hostname, "127.0.0.1");
  EXPECT_EQ(server->Snapshot().state, ServerState::kListening);
  EXPECT_EQ(server->Snapshot().hostname, "127.0.0.1");
  EXPECT_NE(server->Snapshot().port, 0);
  {
    Caller first(server->Snapshot());
    EXPECT_EQ(*first.Call("add", {1, 2}), Value(3));
    EXPECT_FALSE(first.Call("add", {1, "2"}).ok());
  }
  Caller second(server->Snapshot());
  EXPECT_EQ(*second.Ping("data"), Value("data"));
  EXPECT_EQ(*second.Call("add", {3, 4}), Value(7));
  // Of a connection that has ended and of one that has not.
  EXPECT_EQ(server->Snapshot().calls_total, 3);
  EXPECT_EQ(server->Snapshot().calls_failed, 1);
  EXPECT_EQ(server->Snapshot().connections_total, 2);
  server->Close(absl::ZeroDuration());
  const ServerSnapshot last = server->Snapshot();
  EXPECT_EQ(last.state, ServerState::kClosed);
  EXPECT_EQ(last.calls_total, 3);
  EXPECT_EQ(last.calls_failed, 1);
  EXPECT_EQ(last.connections_total, 2);
  EXPECT_EQ(last.connections_open, 0);
  EXPECT_EQ(last.abandoned_calls, 0);
}

TEST(Server, ListensOnAUnixSocket) {
  char folder[] = "/tmp/rpyc-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  auto server = *Start(With(&ServerOptions::socket_path, std::string(folder) + "/test.sock"));
  EXPECT_EQ(server->Snapshot().hostname, "");
  EXPECT_EQ(*Caller(server->Snapshot()).Call("add", {1, 2}), Value(3));
  server->Close(absl::ZeroDuration());
  EXPECT_EQ(::rmdir(folder), 0) << "the socket is still there";
}

TEST(Server, SaysWhyItDoesNotStart) {
  auto running = *Start(Options());
  auto taken = Start(With(&ServerOptions::port, running->Snapshot().port));
  EXPECT_EQ(ReasonOf(taken), "ADDRESS_IN_USE");
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kFailedPrecondition);

  auto open = Start(With(&ServerOptions::hostname, std::string("0.0.0.0")));
  EXPECT_EQ(ReasonOf(open), "INSECURE_LISTENER");
  EXPECT_EQ(open.status().code(), absl::StatusCode::kFailedPrecondition);

  auto unknown = Start(With(&ServerOptions::kind, std::string("no_such")));
  EXPECT_EQ(ReasonOf(unknown), "UNKNOWN_KIND");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(unknown.status().message().find(BuiltinServerKinds().Names()), absl::string_view::npos);
}

TEST(Server, NamesTheFieldThatIsWrong) {
  ServerOptions both = With(&ServerOptions::socket_path, std::string("/tmp/x"));
  both.hostname = "127.0.0.1";
  const std::pair<ServerOptions, const char*> wrong[] = {
      {With(&ServerOptions::port, 65536), "spec.port"},
      {With(&ServerOptions::port, -1), "spec.port"},
      {With(&ServerOptions::backlog, -1), "spec.backlog"},
      {With(&ServerOptions::max_sessions, int64_t{-1}), "spec.limits.max_sessions"},
      {With(&ServerOptions::hostname, std::string("999.0.0.1")), "spec.hostname"},
      {With(&ServerOptions::socket_path, std::string(200, 'x')), "spec.socket_path"},
      {both, "spec.hostname"},
  };
  for (const auto& [options, field] : wrong) {
    const absl::Status status = Start(options).status();
    EXPECT_EQ(GetReason(status).reason, "INVALID_FIELD") << field;
    EXPECT_EQ(GetReason(status).metadata["field"], field);
    EXPECT_EQ(Server::Check(options, MakeService(), BuiltinServerKinds()).status(), status);
  }
}

TEST(Server, MayBeOpenToOtherMachinesWhenTold) {
  ServerOptions options = With(&ServerOptions::hostname, std::string("0.0.0.0"));
  options.allow_insecure = true;
  EXPECT_TRUE(Start(options).ok());
}

TEST(Server, CloseEndsIdleConnectionsAndFreesThePort) {
  auto server = *Start(Options());
  Caller caller(server->Snapshot());
  EXPECT_EQ(*caller.Ping(1), Value(1));
  server->Close(absl::InfiniteDuration());
  EXPECT_TRUE(caller.Ended());
  server->Close(absl::InfiniteDuration());
  EXPECT_TRUE(Start(With(&ServerOptions::port, server->Snapshot().port)).ok());
}

TEST(Server, CloseLetsACallFinish) {
  auto gate = std::make_shared<Gate>();
  auto server = *Start(Options(), MakeService(gate));
  Caller caller(server->Snapshot());
  caller.Send("wait");
  gate->entered.get_future().wait();
  auto closed = std::async(std::launch::async, [&] { server->Close(absl::InfiniteDuration()); });
  gate->open.set_value();
  closed.get();
  EXPECT_EQ(*caller.Receive(), Value("waited"));
  EXPECT_TRUE(caller.Ended());
  EXPECT_EQ(server->Snapshot().calls_total, 1);
}

TEST(Server, ACallThatNeverReturnsIsAbandoned) {
  auto gate = std::make_shared<Gate>();
  auto server = *Start(Options(), MakeService(gate));
  Caller caller(server->Snapshot());
  caller.Send("wait");
  gate->entered.get_future().wait();
  server->Close(absl::ZeroDuration());
  EXPECT_TRUE(caller.Ended());
  EXPECT_EQ(server->Snapshot().state, ServerState::kClosed);
  EXPECT_EQ(server->Snapshot().abandoned_calls, 1);
  server.reset();
  gate->open.set_value();
}

TEST(Server, RefusesConnectionsOverTheLimit) {
  auto server = *Start(With(&ServerOptions::max_sessions, int64_t{1}));
  Caller first(server->Snapshot());
  EXPECT_EQ(*first.Ping(1), Value(1));
  EXPECT_TRUE(Caller(server->Snapshot()).Ended());
  EXPECT_EQ(*first.Ping(2), Value(2));
  EXPECT_EQ(server->Snapshot().connections_refused, 1);
  EXPECT_EQ(server->Snapshot().connections_open, 1);
}

TEST(Server, ABadPeerEndsAlone) {
  auto server = *Start(Options());
  Caller good(server->Snapshot());
  EXPECT_EQ(*good.Ping(1), Value(1));
  Caller bad(server->Snapshot());
  bad.SendRaw("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(bad.Ended());
  EXPECT_EQ(*good.Ping(2), Value(2));
}

class UnavailableKind : public ServerKind {
  absl::Status Start(const KindContext&) override { return absl::InternalError("no workers"); }
  absl::Status Admit(Socket) override { return absl::OkStatus(); }
  absl::Status Drain(absl::Time) override { return absl::OkStatus(); }
  ServerKindStats Stats() const override { return {}; }
};

TEST(Server, AKindMayBeUnavailable) {
  const ServerKindTable kinds(
      {{.name = "lame", .summary = "", .traits = {}, .make = &std::make_unique<UnavailableKind>}});
  const absl::Status status =
      Server::Start(With(&ServerOptions::kind, std::string("lame")), MakeService(), kinds).status();
  EXPECT_EQ(GetReason(status).reason, "KIND_UNAVAILABLE");
  EXPECT_NE(status.message().find("no workers"), absl::string_view::npos);
}

}  // namespace
}  // namespace rpyc
