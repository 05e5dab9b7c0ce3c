#include "rpyc/transport/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace rpyc {
namespace {

TEST(Endpoint, IsReadAndWrittenTheSame) {
  for (const char* text : {"127.0.0.1:18861", "localhost:0", ":80", "[::1]:18861",
                           "[fe80::1%eth0]:65535", "unix:/run/echo.sock", "unix:a@b:c"}) {
    absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
}

TEST(Endpoint, Parts) {
  EXPECT_EQ(*ParseEndpoint("[::1]:18861"), (Endpoint{"::1", 18861, ""}));
  EXPECT_EQ(*ParseEndpoint("unix:x"), (Endpoint{"", 0, "x"}));
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* text : {"", "localhost", "localhost:", "localhost:http", "localhost:-1",
                           "localhost:+1", "localhost: 1", "localhost:65536", "localhost:1000000",
                           "::1:18861", "[::1:18861", "[]:1", "unix:"}) {
    absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(endpoint.status().message().find(text), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace rpyc
