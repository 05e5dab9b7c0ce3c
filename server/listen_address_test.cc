#include "server/listen_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// A listening socket of this process.
Fd Listening(const SocketAddress& address, int ipv6_only = 0) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (address.family() == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof(ipv6_only));
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) return Fd();
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  return fd;
}

TEST(ListenAddress, FillsInTheHostname) {
  ServerOptions ipv4, ipv6 = {.ipv6 = true};
  EXPECT_EQ(ListenAddress(&ipv4)->ToString(), "127.0.0.1:0");
  EXPECT_EQ(ipv4.hostname, "127.0.0.1");
  EXPECT_EQ(ListenAddress(&ipv6)->ToString(), "[::1]:0");
  EXPECT_EQ(ipv6.hostname, "::1");
  ServerOptions path = {.socket_path = "/tmp/x"};
  EXPECT_EQ(ListenAddress(&path)->ToString(), "unix:/tmp/x");
  EXPECT_EQ(path.hostname, "");
}

TEST(ListenAddress, OfAnInheritedSocketIsTheSockets) {
  const Fd fd = Listening(*SocketAddress::Resolve("127.0.0.1", 0, false));
  const SocketAddress bound = SocketAddress::OfLocal(fd.get());
  ServerOptions options = {.listen_fd = fd.get()};
  EXPECT_EQ(ListenAddress(&options)->ToString(), bound.ToString());
  EXPECT_EQ(options.hostname, "127.0.0.1");
  EXPECT_EQ(options.port, bound.ToEndpoint().port);
  EXPECT_FALSE(options.ipv6);
  auto listener = *OpenListener(options, bound);
  EXPECT_TRUE(Socket::Connect(bound).ok());
  EXPECT_TRUE(listener->Accept().ok());
}

TEST(ListenAddress, OfAnInheritedSocketOfIpv6SaysWhetherItIsOfBothFamilies) {
  for (const int ipv6_only : {0, 1}) {
    const Fd fd = Listening(*SocketAddress::Resolve("::", 0, true), ipv6_only);
    if (!fd.valid()) GTEST_SKIP() << "no IPv6 here";
    ServerOptions options = {.listen_fd = fd.get()};
    EXPECT_TRUE(ListenAddress(&options).ok());
    EXPECT_EQ(options.hostname, "::");
    EXPECT_TRUE(options.ipv6);
    EXPECT_EQ(options.ipv6_only, ipv6_only != 0);
  }
}

TEST(ListenAddress, NamesTheFieldThatMeansNothingThere) {
  const Fd fd = Listening(*SocketAddress::Resolve("127.0.0.1", 0, false));
  const std::pair<ServerOptions, const char*> wrong[] = {
      {{.port = 65536}, "spec.port"},
      {{.backlog = -1}, "spec.backlog"},
      {{.hostname = "::1", .ipv6_only = true}, "spec.ipv6_only"},
      {{.hostname = "0.0.0.0", .ipv6_only = true}, "spec.ipv6_only"},
      {{.socket_path = "/tmp/x", .ipv6_only = true}, "spec.ipv6_only"},
      {{.socket_path = "/tmp/x", .ipv6 = true}, "spec.ipv6"},
      {{.hostname = "127.0.0.1", .listen_fd = fd.get()}, "spec.hostname"},
      {{.port = 1, .listen_fd = fd.get()}, "spec.port"},
      {{.socket_path = "/tmp/x", .listen_fd = fd.get()}, "spec.socket_path"},
      {{.listen_fd = fd.get(), .ipv6 = true}, "spec.ipv6"},
      {{.listen_fd = fd.get(), .backlog = 1}, "spec.backlog"},
      {{.listen_fd = fd.get(), .reuse_addr = false}, "spec.reuse_addr"},
      {{.listen_fd = 0}, "listen_fd"},  // stdin is none
      {{.listen_fd = 1 << 30}, "listen_fd"},
  };
  for (auto [options, field] : wrong) {
    const absl::Status status = ListenAddress(&options).status();
    EXPECT_EQ(GetReason(status).reason, "INVALID_FIELD") << field << ": " << status;
    EXPECT_EQ(GetReason(status).metadata["field"], field) << status;
  }
}

TEST(ListenAddress, OfTheWildcardMayBeOfIpv6Alone) {
  ServerOptions options = {.hostname = "::", .ipv6_only = true};
  const absl::StatusOr<SocketAddress> address = ListenAddress(&options);
  ASSERT_TRUE(address.ok()) << address.status();
  auto listener = OpenListener(options, *address);
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  const int port = (*listener)->endpoint().port;
  EXPECT_TRUE(Socket::Connect(*SocketAddress::Resolve("::1", port, true)).ok());
  EXPECT_FALSE(Socket::Connect(*SocketAddress::Resolve("127.0.0.1", port, false)).ok());
}

}  // namespace
}  // namespace rpyc
