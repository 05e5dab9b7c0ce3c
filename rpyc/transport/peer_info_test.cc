#include "rpyc/transport/peer_info.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"

namespace rpyc {
namespace {

TEST(PeerInfo, OfATcpConnection) {
  auto listener = *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  const Endpoint& at = listener->endpoint();
  const Socket client = *Socket::Connect(*SocketAddress::Resolve(at.host, at.port, false));
  const PeerInfo seen_by_server = PeerInfoOf(*listener->Accept());
  const PeerInfo seen_by_client = PeerInfoOf(client);
  EXPECT_EQ(seen_by_server.local, at.ToString());
  EXPECT_EQ(seen_by_server.peer, seen_by_client.local);
  EXPECT_EQ(seen_by_client.peer, at.ToString());
  EXPECT_FALSE(seen_by_server.unix_credentials.has_value());
  EXPECT_TRUE(seen_by_server.certificate.is_none());
}

TEST(PeerInfo, OfAUnixSocketSaysWhoseProcessThePeerIs) {
  char directory[] = "/tmp/peer_info_XXXXXX";  // short enough for the kernel
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const SocketAddress at = *SocketAddress::Unix(std::string(directory) + "/socket");
  auto listener = *SocketListener::Open(at, {});
  const Socket client = *Socket::Connect(at);
  const PeerInfo info = PeerInfoOf(*listener->Accept());
  EXPECT_EQ(info.local, at.ToString());
  ASSERT_TRUE(info.unix_credentials.has_value());
  EXPECT_EQ(info.unix_credentials->pid, ::getpid());
  EXPECT_EQ(info.unix_credentials->uid, ::getuid());
  EXPECT_EQ(info.unix_credentials->gid, ::getgid());
  listener.reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace rpyc
