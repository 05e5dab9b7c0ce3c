// What the control plane refuses: one table of requests, with the reason and the words of each
// refusal. tests/interop/control_plane_test.py has one case a reason, by grpcurl.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "server/admin/testing/admin_fixture.h"
#include "server/server_kinds.h"

namespace rpyc {
namespace {

constexpr char kStart[] = "ServerService/StartServer";
constexpr char kClose[] = "ServerService/CloseServer";
constexpr char kGet[] = "ServerService/GetServer";
constexpr char kGetService[] = "CatalogService/GetService";

struct Refusal {
  std::string method;
  std::string request;  // in text format
  std::string why;      // as Why says
  std::vector<std::string> says = {};
};

// A request of StartServer that would be granted without `more`.
std::string Spec(const std::string& more) {
  return absl::StrCat("spec { kind: '", BuiltinServerKinds().rows().front().name,
                      "' service: 'ECHO' ", more, " }");
}

// Adds rows of StartServer: INVALID_FIELD for a spec with each of `fields`, by the field's path.
void AddInvalidFields(std::vector<Refusal>& rows,
                      const std::vector<std::pair<std::string, std::string>>& fields,
                      const std::string& says = "") {
  for (const auto& [path, text] : fields) {
    rows.push_back({kStart, Spec(text), "3 INVALID_FIELD " + path, {says}});
  }
}

std::vector<Refusal> KindsAndServices() {
  const std::string kinds = BuiltinServerKinds().Names();
  const std::string kind = BuiltinServerKinds().rows().front().name;
  return {
      {kStart, "", "3 UNKNOWN_SERVICE spec.service", {"spec.service is missing; known: "}},
      {kStart,
       "spec { kind: '" + kind + "' }",
       "3 UNKNOWN_SERVICE spec.service",
       {"spec.service is missing; known: "}},
      {kStart,
       "spec { service: 'ECHO' }",
       "3 UNKNOWN_KIND spec.kind",
       {"spec.kind is missing; known: "}},
      {kStart,
       "spec { kind: 'turbo' service: 'ECHO' }",
       "3 UNKNOWN_KIND spec.kind",
       {"turbo", kinds}},
      {kStart,
       "spec { kind: 'Threaded' service: 'ECHO' }",
       "3 UNKNOWN_KIND spec.kind",
       {"did you mean \"threaded\"?"}},
      {kStart, "spec { kind: 'turbo' service: 'ECHO' nbthreads: 4 }", "3 UNKNOWN_KIND spec.kind"},
      {kStart, "spec { kind: '" + kind + "\\000x' service: 'ECHO' }", "3 UNKNOWN_KIND spec.kind"},
      {kStart,
       "spec { kind: '" + kind + "' service: 'NONE' }",
       "3 UNKNOWN_SERVICE spec.service",
       {"NONE", "CALCULATOR, ECHO, SLOW"}},
      {kStart,
       "spec { kind: '" + kind + "' service: 'calculater' }",
       "3 UNKNOWN_SERVICE spec.service",
       {"did you mean \"CALCULATOR\"?"}},
      {kStart, "spec { kind: '" + kind + "' service: 'services/ECHO' }",
       "3 UNKNOWN_SERVICE spec.service"},
      {kStart, "spec { kind: '" + kind + "' service: 'ECHO\\000x' }",
       "3 UNKNOWN_SERVICE spec.service"},
      {kGetService, "name: 'services/NONE'", "5 SERVICE_NOT_FOUND name", {"NONE"}},
      {kGetService,
       "name: 'services/EHCO'",
       "5 SERVICE_NOT_FOUND name",
       {"did you mean \"ECHO\"?"}},
  };
}

std::vector<Refusal> Specs() {
  std::vector<Refusal> rows = {
      {kStart, Spec("hostname: '0.0.0.0'"), "9 INSECURE_LISTENER spec.hostname", {"0.0.0.0"}},
      {kStart, Spec("hostname: '::'"), "9 INSECURE_LISTENER spec.hostname", {"::"}},
      {kStart, Spec("tls { certfile: '/nowhere' }"), "3 CERTIFICATE_INVALID spec.tls.certfile"},
      {kStart, "request_id: '" + std::string(129, 'r') + "' " + Spec(""),
       "3 INVALID_FIELD request_id"},
  };
  AddInvalidFields(
      rows, {
                {"spec.port", "port: 65536"},
                {"spec.port", "port: 70000"},
                {"spec.port", "port: -1"},
                {"spec.port", "port: 2147483647"},
                {"spec.port", "port: 1 socket_path: '/tmp/s'"},
                {"spec.backlog", "backlog: -1"},
                {"spec.hostname", "hostname: '127.0.0.1' socket_path: '/tmp/s'"},
                {"spec.limits.max_sessions", "limits { max_sessions: -1 }"},
                {"spec.limits.max_nesting", "limits { max_nesting: -1 }"},
                {"spec.tls.certfile", "tls {}"},
                {"spec.tls.certfile", "tls { keyfile: 'x' }"},
                {"spec.tls.ca_certs", "tls { certfile: '/nowhere' cert_reqs: REQUIRED }"},
                {"spec.registrar.hostname", "registrar { protocol: TCP }"},
                {"spec.registrar.port", "registrar { port: -1 }"},
                {"spec.protocol_config.allow_pickle", "protocol_config { allow_pickle: true }"},
            });
  for (const char* option :
       {"nbthreads", "request_batch_size", "loops", "fiber_stack_kib", "max_fibers"}) {
    const std::string path = absl::StrCat("spec.", option);
    AddInvalidFields(rows, {{path, absl::StrCat(option, ": 4")}}, option);  // of other kinds
  }
  AddInvalidFields(
      rows,
      {
          {"spec.hostname", "hostname: '127.0.0.1\\000.example'"},
          {"spec.socket_path", "socket_path: '/tmp/rpychost\\000x'"},
          {"spec.protocol_config.connid", "protocol_config { connid: 'a\\000b' }"},
          {"spec.protocol_config.exposed_prefix", "protocol_config { exposed_prefix: 'a\\000b' }"},
          {"spec.protocol_config.safe_attrs.names",
           "protocol_config { safe_attrs { names: 'a\\000b' } }"},
          {"spec.registrar.hostname", "registrar { hostname: '127.0.0.1\\000x' }"},
          {"spec.registrar.advertised_hostname",
           "registrar { advertised_hostname: '127.0.0.1\\000x' }"},
          {"spec.tls.certfile", "tls { certfile: '/etc/passwd\\000x' }"},
          {"spec.tls.ciphers", "tls { certfile: 'x' ciphers: 'ALL\\000x' }"},
      },
      "NUL");
  rows.push_back({kStart,
                  "spec { kind: 'forking' service: 'ECHO' user: 'root\\000x' }",
                  "3 INVALID_FIELD spec.user",
                  {"NUL"}});
  return rows;
}

// `one` runs, and was started with the request_id 'r'; `gone` has been closed.
std::vector<Refusal> Servers() {
  std::vector<Refusal> rows = {
      {kStart, "server_id: 'one' " + Spec(""), "6 SERVER_ALREADY_EXISTS server_id", {"one"}},
      {kStart, "request_id: 'r' " + Spec(""), "3 REQUEST_ID_REUSED request_id", {"r"}},
      {kGet, "name: 'servers/nosuch'", "5 SERVER_NOT_FOUND name", {"servers/nosuch"}},
      {kClose, "name: 'servers/nosuch'", "5 SERVER_NOT_FOUND name", {"servers/nosuch"}},
      {kClose, "name: 'servers/gone'", "9 INVALID_SERVER_STATE name", {"gone"}},
      {kClose, "name: 'servers/one' etag: 'x'", "10 ETAG_MISMATCH etag", {"one", "x"}},
      {kClose, "name: 'servers/one' drain_timeout { seconds: -1 }",
       "3 INVALID_FIELD drain_timeout"},
  };
  for (const std::string& id :
       {std::string("A"), std::string("1a"), std::string("-a"), std::string("a-"),
        std::string("a_b"), std::string("a b"), std::string("a/b"), std::string("ä"),
        std::string(64, 'a'), std::string("."), std::string("servers/a"), std::string("a\\000b")}) {
    rows.push_back(
        {kStart, absl::StrCat("server_id: '", id, "' ", Spec("")), "3 INVALID_FIELD server_id"});
  }
  for (const char* method : {kGet, kClose, kGetService}) {
    for (const char* name : {"", "one", "servers/", "services/", "servers/a/b", "nosuch/x"}) {
      rows.push_back({method, absl::StrCat("name: '", name, "'"), "3 INVALID_FIELD name"});
    }
  }
  for (const char* method : {"ServerService/ListServers", "ServerService/ListServerKinds",
                             "CatalogService/ListServices"}) {
    rows.push_back({method, "page_size: -1", "3 INVALID_FIELD page_size"});
    rows.push_back({method, "page_token: 'nonsense'", "3 INVALID_FIELD page_token"});
  }
  return rows;
}

class RefusalsTest : public AdminServerTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Start("server_id: 'one' request_id: 'r' spec { service: 'ECHO' }").ok());
    ASSERT_TRUE(Start("server_id: 'gone' spec { service: 'ECHO' }").ok());
    ASSERT_TRUE(Close("servers/gone").ok());
  }

  // Each row is refused as it says, and nothing has changed.
  void Check(const std::vector<Refusal>& rows) {
    for (const Refusal& row : rows) {
      SCOPED_TRACE(absl::StrCat(row.method, " ", row.request));
      CheckOne(row, row.request);
      // With validate_only nothing is bound, and it makes another request of a request_id.
      if (row.method == kStart && !absl::StrContains(row.why, "ADDRESS_IN_USE")) {
        CheckOne(row, "validate_only: true " + row.request);
      }
    }
    EXPECT_EQ(List(/*show_closed=*/true), Names({"servers/one", "servers/gone"}));
    EXPECT_EQ(List(/*show_closed=*/false), Names({"servers/one"}));
  }

 private:
  void CheckOne(const Refusal& row, const std::string& request) {
    const grpc::Status status = Call(row.method, request);
    EXPECT_EQ(Why(status), row.why) << status.error_message();
    for (const std::string& word : row.says) {
      EXPECT_TRUE(absl::StrContains(status.error_message(), word)) << status.error_message();
    }
  }
};

TEST_F(RefusalsTest, OfKindsAndServices) { Check(KindsAndServices()); }

TEST_F(RefusalsTest, OfSpecs) { Check(Specs()); }

TEST_F(RefusalsTest, OfServersAndPages) { Check(Servers()); }

TEST_F(RefusalsTest, OfAnAddressThatIsTaken) {
  v1::Server one;
  ASSERT_TRUE(Get("servers/one", &one).ok());
  const auto other = SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  ASSERT_TRUE(other.ok());
  for (const int port : {static_cast<int>(one.port()), int{(*other)->endpoint().port}}) {
    Check({{kStart,
            Spec(absl::StrCat("port: ", port)),
            "9 ADDRESS_IN_USE spec.port",
            {absl::StrCat(port)}}});
  }
}

}  // namespace
}  // namespace rpyc
