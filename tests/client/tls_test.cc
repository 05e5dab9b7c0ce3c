// The client connects over TLS to real servers with RPyC's SSLAuthenticator.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "gtest/gtest.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/testing/test_certificates.h"
#include "rpyc/transport/tls_options.h"
#include "tests/client/client_fixture.h"

namespace rpyc {
namespace {

class ClientTls : public testing::TestWithParam<const char*> {
 protected:
  // Starts a server that shows `certificate`; "mtls" asks for the client's too.
  void Serve(const std::string& name, const TestCertificate& certificate) {
    directory_.Write("ca.pem", authority_.certificate());
    directory_.Write("server.key", certificate.key);
    directory_.Write("server.pem", certificate.certificate);
    server_ = PythonServer::Start(GetParam(), {absl::StrCat(name, "=", directory_.Path(""))});
    if (server_ == nullptr) GTEST_SKIP() << "no rpyc " << GetParam();
    at_ = server_->at(name);
  }
  absl::StatusOr<Client> Connect(const TlsClientOptions& tls, int dialect = 0) {
    ClientOptions options;
    options.config.dialect = dialect;
    return ConnectTls(at_.host, at_.port, tls, std::move(options));
  }
  // The status with which a connection fails, at the latest when it is used: a server may refuse it
  // only then.
  absl::Status Failure(const TlsClientOptions& tls) {
    absl::StatusOr<Client> client = Connect(tls, dialect());
    return client.ok() ? client->Ping(kDeadline) : client.status();
  }
  static int dialect() { return DialectOf(GetParam()); }
  TlsClientOptions Showing(const TestCertificate& certificate) {
    return {.keyfile = directory_.Write("client.key", certificate.key),
            .certfile = directory_.Write("client.pem", certificate.certificate)};
  }
  TestCertificate ServersCertificate() const {
    return authority_.Issue({.extensions = {{"subjectAltName", "IP:127.0.0.1"}}});
  }

  const TestAuthority authority_;
  const TestDirectory directory_;
  std::unique_ptr<PythonServer> server_;
  Endpoint at_;
};

TEST_P(ClientTls, FindsOutTheDialectAndCalls) {
  Serve("tls", ServersCertificate());
  if (server_ == nullptr) return;
  const absl::StatusOr<Client> client = Connect({});
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->dialect(), dialect());
  EXPECT_EQ(client->peer(), at_.ToString());
  EXPECT_EQ(client->root()["add"](1, 2).as<int>(), 3);
  const std::string large(3 << 20, 'x');
  EXPECT_TRUE(client->root()["add"](large, large).as<std::string>() == large + large);
  EXPECT_TRUE(client->root()["subject"]().as<Value>().is_none());
}

TEST_P(ClientTls, VerifiesTheServerIfToldTo) {
  Serve("tls", ServersCertificate());
  if (server_ == nullptr) return;
  TlsClientOptions tls = {.ca_certs = directory_.Path("ca.pem"), .check_hostname = true};
  const absl::StatusOr<Client> client = Connect(tls);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->root()["add"](1, 2).as<int>(), 3);
  const auto refuses = [&](absl::string_view why) {
    const absl::Status status = Connect(tls).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), why)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), at_.ToString())) << status;
  };
  tls.server_name = "another.example";
  refuses("hostname mismatch");
  tls = {.ca_certs = directory_.Write("other.pem", TestAuthority("another").certificate())};
  refuses("certificate verify failed");
  tls = {.verify = true};  // by what the system trusts
  refuses("certificate verify failed");
  tls.verify = false;
  EXPECT_TRUE(Connect(tls).ok());
}

TEST_P(ClientTls, ACertificateOfTheServerThatHasExpired) {
  Serve("tls", authority_.Issue({.until = -absl::Minutes(1)}));
  if (server_ == nullptr) return;
  const absl::Status status = Failure({.ca_certs = directory_.Path("ca.pem")});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "certificate has expired")) << status;
  EXPECT_TRUE(Failure({}).ok());
}

TEST_P(ClientTls, ShowsItsCertificate) {
  Serve("mtls", ServersCertificate());
  if (server_ == nullptr) return;
  const absl::StatusOr<Client> client =
      Connect(Showing(authority_.Issue({.subject = "CN=client.example"})));
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(client->root()["subject"]().as<Value>().DebugString(),
            "((('commonName', 'client.example'),),)");
}

TEST_P(ClientTls, AServerThatDoesNotBelieveIt) {
  Serve("mtls", ServersCertificate());
  if (server_ == nullptr) return;
  for (const TlsClientOptions& tls : {TlsClientOptions(), Showing(TestAuthority("another").Issue()),
                                      Showing(authority_.Issue({.until = -absl::Minutes(1)}))}) {
    const absl::Status status = Failure(tls);
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), at_.ToString())) << status;
    EXPECT_FALSE(Connect(tls).ok());  // nor is its dialect found out
  }
}

// An SSLAuthenticator of 4.1 speaks TLS 1.0 only, unless it is told otherwise: server.py does.
RPYC_FOR_EACH_VERSION(ClientTls);

// --- Without a server of RPyC's. ---

TEST(ConnectTls, NamesTheFileThatIsWrong) {
  const absl::Status status = ConnectTls("127.0.0.1", 1, {.ca_certs = "/nowhere/ca.pem"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "/nowhere/ca.pem")) << status;
}

TEST(ConnectTls, APeerThatKeepsSilent) {
  auto listener = ListenOnLoopback();
  const Endpoint& at = listener->endpoint();
  ClientOptions options;
  options.connect_timeout = absl::Milliseconds(50);
  const absl::Status status = ConnectTls(at.host, at.port, {}, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), at.ToString())) << status;
}

}  // namespace
}  // namespace rpyc
