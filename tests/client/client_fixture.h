#ifndef TESTS_CLIENT_CLIENT_FIXTURE_H_
#define TESTS_CLIENT_CLIENT_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/netref.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "tests/client/python_server.h"

namespace rpyc {

// Protects against a hang; no test needs that long.
inline constexpr absl::Duration kDeadline = absl::Seconds(20);

// Tests with real rpyc servers of each version. All tests share one process for each version.
class ClientTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    static auto& servers = *new std::map<std::string, std::unique_ptr<PythonServer>>();
    auto [found, fresh] = servers.try_emplace(GetParam());
    if (fresh) {
      found->second = PythonServer::Start(
          GetParam(), {"threaded", "open", "eager", "pool", "forking", "unix", "bound"});
    }
    server_ = found->second.get();
    if (server_ == nullptr) GTEST_SKIP() << "no rpyc " << GetParam();
  }

  int dialect() const { return DialectOf(GetParam()); }
  // Connects to the server `name`, in the dialect of its version unless `options` names one.
  Client ConnectTo(const std::string& name = "threaded", ClientOptions options = {}) {
    if (options.config.dialect == 0) options.config.dialect = dialect();
    return ConnectAsTold(name, std::move(options)).value();
  }
  absl::StatusOr<Client> ConnectAsTold(const std::string& name, ClientOptions options) {
    const Endpoint& at = server_->at(name);
    if (!at.socket_path.empty()) return ConnectUnix(at.socket_path, std::move(options));
    return Connect(at.host, at.port, std::move(options));
  }

  // The exception with which an operation failed, as "ValueError: text"; or "nothing".
  static std::string Raised(absl::FunctionRef<void()> operation) {
    try {
      operation();
    } catch (const PyError& error) {
      return error.exception().Summary();
    }
    return "nothing";
  }
  static std::string Raised(const absl::Status& status) {
    return status.ok() ? "nothing" : ToException(status).Summary();
  }
  // Waits until the server has dropped what was dropped here: it serves one request after the
  // other.
  static void Settle(const Client& client) { EXPECT_TRUE(client.Ping(kDeadline).ok()); }
  // A key that no other test uses in what the server remembers.
  std::string Unique(absl::string_view name) {
    static int count = 0;
    return absl::StrCat(name, " ", ++count);
  }

  PythonServer* server_ = nullptr;
};

// A listener on a free port, where a test is the peer.
inline std::unique_ptr<SocketListener> ListenOnLoopback() {
  return *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
}

inline std::string VersionName(const testing::TestParamInfo<const char*>& info) {
  return absl::StrReplaceAll(info.param, {{".", "_"}});
}

#define RPYC_FOR_EACH_VERSION(Fixture) \
  INSTANTIATE_TEST_SUITE_P(Rpyc, Fixture, testing::ValuesIn(kVersions), VersionName)

}  // namespace rpyc

#endif  // TESTS_CLIENT_CLIENT_FIXTURE_H_
