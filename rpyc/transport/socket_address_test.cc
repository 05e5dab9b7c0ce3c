#include "rpyc/transport/socket_address.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace rpyc {
namespace {

TEST(SocketAddress, ResolvesNumbersAndNames) {
  EXPECT_EQ(SocketAddress::Resolve("127.0.0.1", 80, false)->ToString(), "127.0.0.1:80");
  EXPECT_EQ(SocketAddress::Resolve("::1", 80, false)->ToString(), "[::1]:80");
  EXPECT_EQ(SocketAddress::Resolve("localhost", 80, false)->ToString(), "127.0.0.1:80");
  const absl::Status error = SocketAddress::Resolve("999.1.1.1", 80, false).status();
  EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(error.message().find("999.1.1.1"), absl::string_view::npos);
  EXPECT_FALSE(SocketAddress::Resolve("127.0.0.1", 80, /*ipv6=*/true).ok());
}

TEST(SocketAddress, ResolvesEveryAddressPreferredFirst) {
  const auto first = [](const std::string& host, bool prefer_ipv6) {
    return SocketAddress::ResolveAll(host, 80, prefer_ipv6)->front().ToString();
  };
  EXPECT_EQ(first("127.0.0.1", true), "127.0.0.1:80");
  EXPECT_EQ(first("::1", false), "[::1]:80");
  EXPECT_EQ(first("localhost", false), "127.0.0.1:80");
  const auto all = SocketAddress::ResolveAll("localhost", 80, true);
  ASSERT_TRUE(all.ok());
  bool seen_ipv4 = false;
  for (const SocketAddress& each : *all) {
    EXPECT_FALSE(each.family() == AF_INET6 && seen_ipv4);
    seen_ipv4 |= each.family() == AF_INET;
  }
  for (const char* host : {"", "999.1.1.1"}) {
    const absl::Status error = SocketAddress::ResolveAll(host, 80, false).status();
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(error.message().find(host), absl::string_view::npos);
  }
}

TEST(SocketAddress, KnowsWhatOnlyThisMachineReaches) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(SocketAddress::Resolve(host, 0, false)->is_local()) << host;
  }
  for (const char* host :
       {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "2001:db8::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(SocketAddress::Resolve(host, 0, false)->is_local()) << host;
  }
  EXPECT_TRUE(SocketAddress::Unix("/tmp/x")->is_local());
}

TEST(SocketAddress, AnIpv4AddressIsWrittenAsOne) {
  const auto text = [](const char* host) {
    return SocketAddress::Resolve(host, 80, false)->ToString();
  };
  EXPECT_EQ(text("::ffff:127.0.0.1"), "127.0.0.1:80");
  EXPECT_EQ(text("::ffff:192.0.2.1"), "192.0.2.1:80");
  EXPECT_EQ(text("::127.0.0.1"), "[::127.0.0.1]:80");
}

TEST(SocketAddress, KnowsTheAddressOfAllFamilies) {
  EXPECT_TRUE(SocketAddress::Resolve("::", 0, false)->is_ipv6_any());
  for (const char* host : {"::1", "0.0.0.0", "::ffff:0.0.0.0"}) {
    EXPECT_FALSE(SocketAddress::Resolve(host, 0, false)->is_ipv6_any()) << host;
  }
  EXPECT_FALSE(SocketAddress::Unix("::")->is_ipv6_any());
}

TEST(SocketAddress, ANameWithoutAFileHasAnAt) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, "\0lab", 4);
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  EXPECT_EQ(SocketAddress(address, offsetof(sockaddr_un, sun_path) + 4).ToString(), "unix:@lab");
  EXPECT_EQ(SocketAddress(address, offsetof(sockaddr_un, sun_path)).ToEndpoint().socket_path, "");
}

TEST(SocketAddress, UnixPathsMustFitTheKernel) {
  EXPECT_EQ(SocketAddress::Unix("/tmp/x")->ToString(), "unix:/tmp/x");
  EXPECT_EQ(SocketAddress::Unix(std::string(107, 'x'))->ToEndpoint().socket_path,
            std::string(107, 'x'));
  EXPECT_FALSE(SocketAddress::Unix(std::string(108, 'x')).ok());
  EXPECT_FALSE(SocketAddress::Unix("").ok());
  EXPECT_FALSE(SocketAddress::Unix(absl::string_view("a\0b", 3)).ok());
}

}  // namespace
}  // namespace rpyc
