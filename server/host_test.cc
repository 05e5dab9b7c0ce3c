#include "server/host.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "rpyc/service.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "server/reason.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

HostOptions Options() {
  HostOptions options;
  options.services.push_back(Service("ECHO").Expose("echo", [](Value x) { return x; }));
  options.admin_address = "127.0.0.1:0";
  options.servers.resize(2);
  for (ServerOptions& server : options.servers) {
    server.kind = options.kinds.rows().front().name;
    server.service = "ECHO";
  }
  return options;
}

bool Answers(const std::string& address) {
  const Endpoint endpoint = *ParseEndpoint(address);
  return Socket::Connect(*SocketAddress::Resolve(endpoint.host, endpoint.port, false)).ok();
}

TEST(Host, StartsAndClosesEverything) {
  absl::StatusOr<std::unique_ptr<Host>> host = Host::Start(Options());
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_TRUE(Answers((*host)->admin_address()));
  const std::vector<ServerRecord> servers = (*host)->servers().ListServers(false);
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].id, "echo");
  EXPECT_EQ(servers[1].id, "echo-2");
  Caller caller(servers[1].snapshot);
  EXPECT_EQ(*caller.Call("echo", {7}), Value(7));

  (*host)->Close(absl::InfiniteDuration());
  EXPECT_TRUE(caller.Ended());
  EXPECT_FALSE(Answers((*host)->admin_address()));
  EXPECT_TRUE((*host)->servers().ListServers(false).empty());
  (*host)->Close(absl::InfiniteDuration());
}

TEST(Host, NeedsNoControlPlane) {
  HostOptions options = Options();
  options.admin_address = "";
  absl::StatusOr<std::unique_ptr<Host>> host = Host::Start(std::move(options));
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_EQ((*host)->admin_address(), "");
}

TEST(Host, StartsNothingWhenOneThingFails) {
  absl::StatusOr<std::unique_ptr<Host>> first = Host::Start(Options());
  ASSERT_TRUE(first.ok());
  HostOptions second = Options();
  second.servers[0].port = 0;
  second.servers[1].port = (*first)->servers().ListServers(false)[0].snapshot.port;
  const absl::Status taken = Host::Start(std::move(second)).status();
  EXPECT_EQ(GetReason(taken).reason, "ADDRESS_IN_USE") << taken;

  HostOptions third = Options();
  third.admin_address = (*first)->admin_address();
  EXPECT_EQ(GetReason(Host::Start(std::move(third)).status()).reason, "ADDRESS_IN_USE");
}

TEST(Host, SaysWhatIsWrongBeforeItBindsAnything) {
  // The address of the control plane is in use too, but the host would notice that later.
  absl::StatusOr<std::unique_ptr<Host>> first = Host::Start(Options());
  ASSERT_TRUE(first.ok());
  HostOptions second = Options();
  second.admin_address = (*first)->admin_address();
  second.servers[1].service = "NO_SUCH";
  EXPECT_EQ(GetReason(Host::Start(std::move(second)).status()).reason, "UNKNOWN_SERVICE");

  HostOptions twice = Options();
  twice.services.push_back(Service("echo"));
  EXPECT_EQ(Host::Start(std::move(twice)).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rpyc
