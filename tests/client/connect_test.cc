// Connections to real servers are made and ended.
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "tests/client/client_fixture.h"

namespace rpyc {
namespace {

class ClientConnect : public ClientTest {};

TEST_P(ClientConnect, FindsOutTheDialect) {
  for (const char* name : {"threaded", "forking", "pool", "unix", "eager"}) {
    const absl::StatusOr<Client> client = ConnectAsTold(name, {});
    ASSERT_TRUE(client.ok()) << name << ": " << client.status();
    EXPECT_EQ(client->dialect(), dialect());
    EXPECT_TRUE(client->root().ok()) << name;
    EXPECT_TRUE(client->Ping(kDeadline).ok()) << name;
    EXPECT_EQ(client->peer(), server_->at(name).ToString());
  }
}

TEST_P(ClientConnect, ADialectThatIsToldIsNotAskedFor) {
  const auto one_shot = PythonServer::Start(GetParam(), {"one_shot"});
  const Endpoint& at = one_shot->at("one_shot");
  ClientOptions options;
  options.config.dialect = dialect();
  const absl::StatusOr<Client> client = Connect(at.host, at.port, options);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->root()["add"](1, 2).as<int>(), 3);
}

TEST_P(ClientConnect, ADialectThatIsToldWrong) {
  ClientOptions options;
  options.config.dialect = dialect() == 6 ? 5 : 6;
  for (const char* name : {"threaded", "forking", "unix"}) {
    const Client client = ConnectTo(name, options);
    const std::string raised = Raised(client.root().status());
    EXPECT_TRUE(absl::StrContains(raised, "EOFError")) << raised;
    EXPECT_TRUE(absl::StrContains(raised, server_->at(name).ToString())) << raised;
    EXPECT_TRUE(absl::StrContains(
        raised,
        absl::StrCat("the peer speaks the dialect of RPyC ", dialect(),
                     ", and the configuration says another: dialect ", dialect() == 6 ? 5 : 6)))
        << raised;
    EXPECT_TRUE(client.closed());
  }
}

TEST_P(ClientConnect, OverAStreamThatIsThere) {
  const Endpoint& at = server_->at("threaded");
  const auto stream = [&] {
    return std::make_unique<SocketStream>(
        *Socket::Connect(*SocketAddress::Resolve(at.host, at.port, false)));
  };
  ClientOptions told;
  told.config.dialect = dialect();
  const absl::StatusOr<Client> client = ConnectStream(stream(), told, "the fixture");
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->root()["echo"](1).as<int>(), 1);
  EXPECT_EQ(client->peer(), "the fixture");

  const absl::StatusOr<Client> asked = ConnectStream(stream(), {}, "the fixture");
  if (dialect() == 6) {
    ASSERT_TRUE(asked.ok()) << asked.status();
    EXPECT_EQ(asked->root()["echo"](2).as<int>(), 2);
  } else {
    EXPECT_EQ(asked.status().code(), absl::StatusCode::kFailedPrecondition) << asked.status();
    EXPECT_TRUE(absl::StrContains(asked.status().message(), "the fixture"));
  }
}

TEST_P(ClientConnect, TheRootIsAskedForOnce) {
  const Client client = ConnectTo();
  EXPECT_TRUE(client.root().Is(client.root()));
  EXPECT_EQ(client.root()["get_service_name"]().as<std::string>(), "FIXTURE");
  EXPECT_EQ(client.root()["get_service_aliases"]().Repr(), "('FIXTURE', 'FIXTURES')");
}

TEST_P(ClientConnect, Closing) {
  Client client = ConnectTo();
  const Netref root = client.root();
  EXPECT_FALSE(client.closed());
  client.Close();
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(client.Serve(absl::Now()));
  for (const absl::Status& status :
       {client.Ping(), client.root().status(), root["echo"](1).status()}) {
    EXPECT_TRUE(absl::StrContains(Raised(status), "EOFError")) << status;
  }
  client.Close();
  client = ConnectTo();  // the old one is gone
  EXPECT_TRUE(client.Ping(kDeadline).ok());
  const Client moved = std::move(client);
  EXPECT_TRUE(moved.Ping(kDeadline).ok());
}

TEST_P(ClientConnect, TheHooksOfTheClientsService) {
  int connected = 0, gone = 0;
  ClientOptions options;
  options.service = Service("HOOKED").OnConnect([&] { ++connected; }).OnDisconnect([&] { ++gone; });
  {
    const Client client = ConnectTo("threaded", options);
    EXPECT_EQ(connected, 1);
    EXPECT_EQ(gone, 0);
  }
  EXPECT_EQ(gone, 1);
  options.service = Service("REFUSING").OnConnect([] { throw RuntimeError("not today"); });
  options.config.dialect = dialect();
  const absl::Status refused = ConnectAsTold("threaded", options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.message(), "not today")) << refused;
}

RPYC_FOR_EACH_VERSION(ClientConnect);

TEST(ClientConnectErrors, NameThePeer) {
  auto listener = ListenOnLoopback();
  const int port = listener->endpoint().port;
  const std::string name = listener->endpoint().ToString();
  ClientOptions hasty;
  hasty.connect_timeout = absl::Milliseconds(700);
  // The backlog accepts, and no server speaks.
  const absl::Status silent = Connect("127.0.0.1", port, hasty).status();
  EXPECT_EQ(silent.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(absl::StrContains(silent.message(), name)) << silent;
  listener.reset();
  const absl::Status refused = Connect("127.0.0.1", port).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(refused.message(), name)) << refused;
  EXPECT_TRUE(
      absl::StrContains(ConnectUnix("/no/such/socket").status().message(), "/no/such/socket"));
  EXPECT_EQ(ConnectUnix("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ClientConnectErrors, APeerThatHangsUpAtOnce) {
  auto listener = ListenOnLoopback();
  ClientOptions options;
  options.config.dialect = 5;
  const Client client = *Connect("127.0.0.1", listener->endpoint().port, options);
  listener->Accept().value();  // and dropped
  const std::string raised = ToException(client.root().status()).Summary();
  for (const std::string& part : {std::string("EOFError"), client.peer(),
                                  std::string("it hung up before it sent anything: does it speak "
                                              "RPyC 5, as dialect says, without bind_threads?")}) {
    EXPECT_TRUE(absl::StrContains(raised, part)) << raised;
  }
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace rpyc
