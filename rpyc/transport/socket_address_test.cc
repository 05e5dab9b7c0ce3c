#include "rpyc/transport/socket_address.h"

#include <gtest/gtest.h>

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
