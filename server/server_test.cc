#include "server/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rpyc/mutex.h"
#include "rpyc/service.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/testing/test_certificates.h"
#include "server/reason.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"
#include "server/watcher.h"

namespace rpyc {
namespace {

// Blocks calls until the test lets them go. It is shared, since an abandoned call outlives the
// test.
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
  return Server::Start(options, service, BuiltinServerKinds(), std::make_shared<Watcher>());
}

std::string ReasonOf(const absl::StatusOr<std::unique_ptr<Server>>& server) {
  return GetReason(server.status()).reason;
}

// Makes options with one of them changed.
template <typename T>
ServerOptions With(T ServerOptions::*field, T value) {
  ServerOptions options = Options();
  options.*field = std::move(value);
  return options;
}

TEST(Server, OptionsOfSomeKindsAreChecked) {
  const ServerKindTable kinds = BuiltinServerKinds();
  for (const ServerKindInfo& kind : kinds.rows()) {
    ServerOptions options = Options();
    options.kind = kind.name;
    options.nbthreads = 3;
    options.request_batch_size = 5;
    auto server = Start(options);
    if (!kind.traits.Accepts("nbthreads")) {
      EXPECT_EQ(ReasonOf(server), "INVALID_FIELD") << kind.name;
      EXPECT_EQ(GetReason(server.status()).metadata.at("field"), "spec.nbthreads");
      continue;
    }
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ((*server)->Snapshot().workers->size, 3);
    EXPECT_EQ(*Caller((*server)->Snapshot()).Call("add", {1, 2}), Value(3));

    options.nbthreads = 0;
    options.request_batch_size = 0;
    EXPECT_EQ((*Start(options))->options().nbthreads, 10);
    EXPECT_EQ((*Start(options))->options().request_batch_size, 10);
    options.nbthreads = -1;
    EXPECT_EQ(ReasonOf(Start(options)), "INVALID_FIELD");
  }
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
  // One connection has ended and one has not.
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

TEST(Server, WhatTlsIsMadeOfIsLookedAtBeforeItStarts) {
  const TestDirectory directory;
  const TestAuthority authority;
  const TestCertificate good = authority.Issue();
  ServerOptions options = Options();
  options.tls.emplace().certfile = directory.Path("cert.pem");
  options.tls->keyfile = directory.Write("key.pem", good.key);
  const auto refused = [&] {
    const absl::Status checked =
        Server::Check(options, MakeService(), BuiltinServerKinds()).status();
    const auto started = Start(options);
    EXPECT_EQ(started.status(), checked);
    EXPECT_EQ(checked.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(started), "CERTIFICATE_INVALID");
    return std::string(checked.message());
  };
  EXPECT_NE(refused().find(directory.Path("cert.pem")), std::string::npos);
  directory.Write("cert.pem", authority.Issue().certificate);
  EXPECT_NE(refused().find("mismatch"), std::string::npos);
  directory.Write("cert.pem", good.certificate);
  options.tls->ciphers = "NONSENSE";
  EXPECT_NE(refused().find("NONSENSE"), std::string::npos);
  options.tls->ciphers = "";
  // With TLS it may listen where other machines reach it.
  options.hostname = "0.0.0.0";
  const auto server = Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->options().tls->cert_reqs, CertReqs::kNone);
  EXPECT_TRUE((*server)->ReloadCertificates().ok());
  directory.Write("key.pem", "half of a pair");
  EXPECT_EQ(GetReason((*server)->ReloadCertificates()).reason, "CERTIFICATE_INVALID");
  EXPECT_EQ((*server)->Snapshot().state, ServerState::kListening);
  EXPECT_TRUE((*Start(Options()))->ReloadCertificates().ok());
}

TEST(Server, NamesTheFieldThatIsWrong) {
  ServerOptions both = With(&ServerOptions::socket_path, std::string("/tmp/x"));
  both.hostname = "127.0.0.1";
  const std::pair<ServerOptions, const char*> wrong[] = {
      {With(&ServerOptions::port, 65536), "spec.port"},
      {With(&ServerOptions::tls, std::optional(TlsOptions())), "spec.tls.certfile"},
      {With(&ServerOptions::tls,
            std::optional(TlsOptions{.certfile = "cert.pem", .cert_reqs = CertReqs::kOptional})),
       "spec.tls.ca_certs"},
      {With(&ServerOptions::handshake_timeout, -absl::Seconds(1)), "spec.limits.handshake_timeout"},
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

// --- kinds with one_connection: the server knows them only by their traits ---

ServerOptions OneConnection() {
  ServerOptions options = Options();
  const ServerKindTable kinds = BuiltinServerKinds();
  for (const ServerKindInfo& kind : kinds.rows()) {
    if (kind.traits.one_connection) options.kind = kind.name;
  }
  return options;
}

// A server of such a kind, and the changes of its state.
class OneConnectionTest : public testing::Test {
 protected:
  OneConnectionTest() {
    options_ = OneConnection();
    server_ = *Server::Start(options_, MakeService(gate_), BuiltinServerKinds(),
                             std::make_shared<Watcher>(), [changes = changes_] { changes->Add(); });
  }

  void AwaitState(ServerState state) {
    for (int seen = 0; server_->Snapshot().state != state;) seen = changes_->Await(seen);
  }
  bool IsRefused() const {
    const ServerSnapshot at = server_->Snapshot();
    return !Socket::Connect(*SocketAddress::Resolve(at.hostname, at.port, false)).ok();
  }
  // Makes a client whose call has begun.
  std::unique_ptr<Caller> Waiting() {
    auto caller = std::make_unique<Caller>(server_->Snapshot());
    caller->Send("wait");
    gate_->entered.get_future().wait();
    return caller;
  }

  class Changes {
   public:
    void Add() {
      MutexLock lock(&mutex_);
      ++count_;
      changed_.SignalAll();
    }
    int Await(int seen) {
      MutexLock lock(&mutex_);
      while (count_ == seen) changed_.Wait(&mutex_);
      return count_;
    }

   private:
    Mutex mutex_;
    CondVar changed_;
    int count_ ABSL_GUARDED_BY(mutex_) = 0;
  };

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  const std::shared_ptr<Changes> changes_ = std::make_shared<Changes>();
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(OneConnectionTest, ServesOneAndCloses) {
  {
    Caller caller(server_->Snapshot());
    EXPECT_EQ(*caller.Call("add", {1, 2}), Value(3));
    EXPECT_EQ(server_->Snapshot().state, ServerState::kDraining);
    EXPECT_TRUE(IsRefused());
    options_.port = server_->Snapshot().port;
    EXPECT_TRUE(Start(options_).ok()) << "its port is free while it serves";
    EXPECT_EQ(*caller.Call("add", {3, 4}), Value(7));
  }
  AwaitState(ServerState::kClosed);
  const ServerSnapshot last = server_->Snapshot();
  EXPECT_EQ(last.connections_total, 1);
  EXPECT_EQ(last.connections_open, 0);
  EXPECT_EQ(last.connections_refused, 0);
  EXPECT_EQ(last.calls_total, 2);
  EXPECT_EQ(last.abandoned_calls, 0);
  server_->Close(absl::InfiniteDuration());
}

TEST_F(OneConnectionTest, ClosesWhileItWaits) {
  server_->Close(absl::InfiniteDuration());
  EXPECT_EQ(server_->Snapshot().state, ServerState::kClosed);
  EXPECT_TRUE(IsRefused());
  EXPECT_EQ(server_->Snapshot().connections_total, 0);
}

TEST_F(OneConnectionTest, CloseEndsAnIdleConnection) {
  Caller caller(server_->Snapshot());
  EXPECT_EQ(*caller.Ping(1), Value(1));
  server_->Close(absl::InfiniteDuration());
  EXPECT_EQ(server_->Snapshot().state, ServerState::kClosed);
  EXPECT_TRUE(caller.Ended());
}

TEST_F(OneConnectionTest, CloseLetsACallFinish) {
  auto caller = Waiting();
  auto closed = std::async(std::launch::async, [&] { server_->Close(absl::InfiniteDuration()); });
  gate_->open.set_value();
  EXPECT_EQ(*caller->Receive(), Value("waited"));
  closed.get();
  EXPECT_TRUE(caller->Ended());
  EXPECT_EQ(server_->Snapshot().state, ServerState::kClosed);
}

TEST_F(OneConnectionTest, ACallThatNeverReturnsIsAbandoned) {
  auto caller = Waiting();
  server_->Close(absl::ZeroDuration());
  EXPECT_TRUE(caller->Ended());
  EXPECT_EQ(server_->Snapshot().state, ServerState::kClosed);
  EXPECT_EQ(server_->Snapshot().abandoned_calls, 1);
  server_.reset();
  gate_->open.set_value();  // the call's thread uses nothing of the server
}

TEST_F(OneConnectionTest, ABadPeerIsTheOneToo) {
  Caller(server_->Snapshot()).SendRaw("GET / HTTP/1.1\r\n\r\n");
  AwaitState(ServerState::kClosed);
}

// A kind that refuses its first connections before it makes a session.
class PickyKind : public ServerKind {
  absl::Status Start(const KindContext& context) override {
    make_session_ = context.make_session;
    return absl::OkStatus();
  }
  absl::Status Admit(Socket socket) override {
    if (++admitted_ <= 3) return absl::ResourceExhaustedError("not now");
    make_session_(std::move(socket))->ServeAll().IgnoreError();
    return absl::OkStatus();
  }
  absl::Status Drain(absl::Time) override { return absl::OkStatus(); }
  ServerKindStats Stats() const override { return {}; }

  std::function<std::shared_ptr<Session>(Socket)> make_session_;
  int admitted_ = 0;
};

TEST(Server, ARefusedConnectionIsNotTheOne) {
  const ServerKindTable kinds({{.name = "picky",
                                .summary = "",
                                .traits = {.one_connection = true, .option_fields = {}},
                                .make = &std::make_unique<PickyKind>}});
  auto closed = std::make_shared<std::promise<void>>();
  auto changes = std::make_shared<std::atomic<int>>(0);
  auto server = *Server::Start(With(&ServerOptions::kind, std::string("picky")), MakeService(),
                               kinds, std::make_shared<Watcher>(), [closed, changes] {
                                 // The first is kDraining.
                                 if (++*changes == 3) closed->set_value();
                               });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Caller(server->Snapshot()).Ended());
  EXPECT_EQ(server->Snapshot().state, ServerState::kListening);
  EXPECT_EQ(*Caller(server->Snapshot()).Call("add", {1, 2}), Value(3));
  EXPECT_EQ(server->Snapshot().connections_refused, 3);  // counted before the next is accepted
  closed->get_future().wait();
  EXPECT_EQ(server->Snapshot().state, ServerState::kClosed);
  EXPECT_EQ(server->Snapshot().connections_total, 1);
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
  const absl::Status status = Server::Start(With(&ServerOptions::kind, std::string("lame")),
                                            MakeService(), kinds, std::make_shared<Watcher>())
                                  .status();
  EXPECT_EQ(GetReason(status).reason, "KIND_UNAVAILABLE");
  EXPECT_NE(status.message().find("no workers"), absl::string_view::npos);
}

}  // namespace
}  // namespace rpyc
