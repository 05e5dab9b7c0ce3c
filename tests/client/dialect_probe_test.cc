// The probe against servers of every kind and version, which differ in what they do with a PING
// that they cannot read.
#include "rpyc/dialect_probe.h"

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "tests/client/python_server.h"

namespace rpyc {
namespace {

class ProbeOfServer : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(ProbeOfServer, TellsItsDialect) {
  const auto [version, kind] = GetParam();
  const auto server = PythonServer::Start(version, {kind});
  if (server == nullptr) GTEST_SKIP() << "no rpyc " << version;
  const Endpoint& at = server->at(kind);
  int connections = 0;
  const auto dial = [&]() -> absl::StatusOr<std::unique_ptr<Stream>> {
    ++connections;
    absl::StatusOr<Socket> socket =
        Socket::Connect(*SocketAddress::Resolve(at.host, at.port, false));
    if (!socket.ok()) return socket.status();
    return std::make_unique<SocketStream>(*std::move(socket));
  };
  const absl::StatusOr<ProbedStream> probed =
      ProbeDialect(dial, Limits(), absl::Now() + absl::Seconds(20));
  const bool six = DialectOf(version) == 6;
  if (!six && std::string(kind) == "one_shot") {
    // The server has used its only connection on the wrong guess, and refuses or ends the next one.
    EXPECT_EQ(probed.status().code(), absl::StatusCode::kUnavailable) << probed.status();
    EXPECT_TRUE(absl::StrContains(probed.status().message(), "set config.dialect to 5"))
        << probed.status();
    EXPECT_EQ(connections, 2);
    return;
  }
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, six ? Dialect::kV6 : Dialect::kV5);
  EXPECT_EQ(connections, six ? 1 : 2);
}

std::string Name(const testing::TestParamInfo<ProbeOfServer::ParamType>& info) {
  std::string name = std::get<0>(info.param);
  for (char& c : name) c = c == '.' ? '_' : c;
  return name + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Rpyc, ProbeOfServer,
                         testing::Combine(testing::ValuesIn(kVersions),
                                          testing::Values("threaded", "pool", "forking", "one_shot",
                                                          "eager")),
                         Name);

}  // namespace
}  // namespace rpyc
