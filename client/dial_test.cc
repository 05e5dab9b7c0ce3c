#include "client/dial.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"

namespace rpyc {
namespace {

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

TEST(Dial, FindsTheAddressThatListens) {
  auto listener = *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  const int port = listener->endpoint().port;
  for (bool prefer_ipv6 : {false, true}) {
    for (const char* host : {"127.0.0.1", "localhost"}) {
      const absl::StatusOr<Socket> socket = Dial(host, port, prefer_ipv6, Soon());
      ASSERT_TRUE(socket.ok()) << socket.status();
      EXPECT_EQ(socket->peer(), absl::StrCat("127.0.0.1:", port));
    }
  }
}

TEST(Dial, ErrorsNameHostAndPort) {
  auto listener = *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  const int port = listener->endpoint().port;
  listener.reset();
  const auto check = [](absl::Status status, absl::StatusCode code, const std::string& name) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), name)) << status;
  };
  check(Dial("127.0.0.1", port, false, Soon()).status(), absl::StatusCode::kUnavailable,
        absl::StrCat("127.0.0.1:", port, ": Connection refused"));
  check(Dial("localhost", port, false, Soon()).status(), absl::StatusCode::kUnavailable,
        absl::StrCat("connect to localhost:", port, ": connect to 127.0.0.1:", port));
  check(Dial("no.such.host.invalid", 80, false, Soon()).status(),
        absl::StatusCode::kInvalidArgument, "no.such.host.invalid:80");
  check(Dial("127.0.0.1", 0, false, Soon()).status(), absl::StatusCode::kInvalidArgument,
        "127.0.0.1:0");
  check(Dial("127.0.0.1", 65536, false, Soon()).status(), absl::StatusCode::kInvalidArgument,
        "127.0.0.1:65536");
}

}  // namespace
}  // namespace rpyc
