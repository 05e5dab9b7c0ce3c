#include "server/admin/admin_server.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "server/admin/testing/admin_fixture.h"
#include "server/reason.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"
#include "server/version.h"

namespace rpyc {
namespace {

// --- servers ---

TEST_F(AdminServerTest, StartGetListClose) {
  v1::Server started;
  ASSERT_TRUE(Start("spec { service: 'calculator' }", &started).ok());
  EXPECT_EQ(started.name(), "servers/calculator");
  EXPECT_EQ(started.state(), v1::Server::LISTENING);
  EXPECT_EQ(started.hostname(), "127.0.0.1");
  EXPECT_GT(started.port(), 0);
  EXPECT_EQ(started.spec().service(), "CALCULATOR");
  EXPECT_EQ(started.spec().hostname(), "127.0.0.1");
  EXPECT_EQ(started.spec().limits().max_sessions(), 20'000);

  v1::Server got;
  ASSERT_TRUE(Get("servers/calculator", &got).ok());
  EXPECT_EQ(got.etag(), started.etag());
  EXPECT_EQ(List(/*show_closed=*/false), Names({"servers/calculator"}));

  v1::Server closed;
  ASSERT_TRUE(Close("servers/calculator", &closed).ok());
  EXPECT_EQ(closed.state(), v1::Server::CLOSED);
  EXPECT_EQ(closed.port(), started.port());
  EXPECT_NE(closed.etag(), started.etag());
  EXPECT_EQ(List(/*show_closed=*/false), Names());
  EXPECT_EQ(List(/*show_closed=*/true), Names({"servers/calculator"}));
  EXPECT_EQ(Why(Close("servers/calculator")), "9 INVALID_SERVER_STATE name");
}

TEST_F(AdminServerTest, AServerStartsWithTheSpecOfAnother) {
  v1::Server first, second;
  ASSERT_TRUE(Start("spec { service: 'ECHO' }", &first).ok());
  v1::StartServerRequest request;
  *request.mutable_spec() = first.spec();
  grpc::ClientContext context;
  const grpc::Status status = servers_->StartServer(&context, request, &second);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(second.name(), "servers/echo-2");
  EXPECT_EQ(second.spec().SerializeAsString(), first.spec().SerializeAsString());
}

TEST_F(AdminServerTest, ServersAreListedInPagesOldestFirst) {
  Names names;
  for (const char* id : {"e", "b", "d", "a", "c"}) {
    ASSERT_TRUE(Start(absl::StrCat("server_id: '", id, "' spec { service: 'ECHO' }")).ok());
    names.push_back(absl::StrCat("servers/", id));
  }
  EXPECT_EQ(List(/*show_closed=*/false, /*page_size=*/2), names);
  ASSERT_TRUE(Close("servers/d").ok());
  EXPECT_EQ(List(/*show_closed=*/true, /*page_size=*/2), names);
  EXPECT_EQ(List(/*show_closed=*/false, /*page_size=*/2).size(), 4u);
}

// Some other client of gRPC may send such bytes; protobuf's own libraries do not.
TEST_F(AdminServerTest, RequestsThatCannotBeReadAreTold) {
  const auto why = [this](const std::string& method, const std::string& bytes) {
    const grpc::Status status = CallWithBytes(method, bytes);
    return absl::StrCat(Why(status), ": ", status.error_message());
  };
  const std::string get = "/rpyc.admin.v1.ServerService/GetServer";
  const std::string text = absl::StrCat(
      "3 UNREADABLE_REQUEST: ", get,
      ": the request cannot be read: a text in it is not UTF-8, or its bytes are not a "
      "message of the method's request type");
  EXPECT_EQ(why(get, "\x0a\x02\xff\xfe"), text);  // name, two bytes that are not UTF-8
  EXPECT_EQ(why(get, "\x0a\x7fshort"), text);
  EXPECT_EQ(why(get, "\x0a\x0cservers/nope"), "5 SERVER_NOT_FOUND name: servers/nope not found");
}

TEST_F(AdminServerTest, ValidateOnlyStartsNothing) {
  v1::Server server;
  ASSERT_TRUE(Start("validate_only: true spec { service: 'calc' }", &server).ok());
  EXPECT_EQ(server.name(), "servers/calculator");
  EXPECT_EQ(server.state(), v1::Server::STATE_UNSPECIFIED);
  EXPECT_EQ(server.etag(), "");
  EXPECT_FALSE(server.has_start_time());
  EXPECT_EQ(server.spec().service(), "CALCULATOR");
  EXPECT_EQ(server.spec().hostname(), "127.0.0.1");
  EXPECT_EQ(server.spec().limits().max_sessions(), 20'000);
  EXPECT_EQ(List(/*show_closed=*/true), Names());
}

TEST_F(AdminServerTest, ARequestIdStartsOneServer) {
  const std::string request = "request_id: 'r' spec { service: 'ECHO' }";
  v1::Server first, second;
  ASSERT_TRUE(Start("validate_only: true " + request).ok());  // is not remembered
  ASSERT_TRUE(Start(request, &first).ok());
  ASSERT_TRUE(Start(request, &second).ok());
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
  for (const char* other : {"request_id: 'r' server_id: 'echo' spec { service: 'ECHO' }",
                            "request_id: 'r' validate_only: true spec { service: 'CALC' }"}) {
    EXPECT_EQ(Why(Start(other)), "3 REQUEST_ID_REUSED request_id") << other;
  }
  EXPECT_EQ(List(/*show_closed=*/true), Names({"servers/echo"}));
}

TEST_F(AdminServerTest, EqualRequestsAtOnceStartOneServer) {
  std::vector<std::future<std::string>> starts;
  for (int i = 0; i < 20; ++i) {
    starts.push_back(std::async(std::launch::async, [this] {
      v1::Server server;
      const grpc::Status status = Start("request_id: 'r' spec { service: 'ECHO' }", &server);
      return status.ok() ? server.name() : Why(status);
    }));
  }
  for (auto& start : starts) EXPECT_EQ(start.get(), "servers/echo");
  EXPECT_EQ(List(/*show_closed=*/true), Names({"servers/echo"}));
}

TEST_F(AdminServerTest, CloseOnlyWithTheRightEtag) {
  v1::Server server;
  ASSERT_TRUE(Start("spec { service: 'ECHO' }", &server).ok());
  v1::CloseServerRequest request;
  request.set_name("servers/echo");
  for (const std::string& etag :
       {std::string("x"), server.etag() + "0", std::string(1 << 20, '%')}) {
    request.set_etag(etag);
    grpc::ClientContext context;
    EXPECT_EQ(Why(servers_->CloseServer(&context, request, &server)), "10 ETAG_MISMATCH etag");
  }
  ASSERT_TRUE(Get("servers/echo", &server).ok());
  EXPECT_EQ(server.state(), v1::Server::LISTENING);
  request.set_etag(server.etag());
  grpc::ClientContext context;
  EXPECT_TRUE(servers_->CloseServer(&context, request, &server).ok());
  EXPECT_EQ(server.state(), v1::Server::CLOSED);
  grpc::ClientContext again;
  EXPECT_EQ(Why(servers_->CloseServer(&again, request, &server)), "9 INVALID_SERVER_STATE name");
}

TEST_F(AdminServerTest, AnUnknownFieldIsRefused) {
  v1::StartServerRequest request;
  v1::ServerSpec* spec = request.mutable_spec();
  spec->set_kind(directory_.kinds().rows().front().name);
  spec->set_service("ECHO");
  spec->GetReflection()->MutableUnknownFields(spec)->AddVarint(999, 1);
  grpc::ClientContext context;
  v1::Server server;
  EXPECT_EQ(Why(servers_->StartServer(&context, request, &server)), "3 INVALID_FIELD spec.999");
}

// gRPC clients refuse an answer whose trailers are too long.
TEST_F(AdminServerTest, AHugeNameIsAnsweredAllTheSame) {
  EXPECT_EQ(Why(Get(std::string(1 << 20, 'x'))), "3 INVALID_FIELD name");
  EXPECT_EQ(
      Why(Start(absl::StrCat("spec { service: 'ECHO' kind: '", std::string(1 << 20, '%'), "' }"))),
      "3 UNKNOWN_KIND spec.kind");
}

TEST_F(AdminServerTest, ListServerKindsIsTheTable) {
  grpc::ClientContext context;
  v1::ListServerKindsResponse response;
  ASSERT_TRUE(servers_->ListServerKinds(&context, {}, &response).ok());
  const ServerKindTable table = BuiltinServerKinds();
  ASSERT_EQ(response.server_kinds_size(), static_cast<int>(table.rows().size()));
  for (int i = 0; i < response.server_kinds_size(); ++i) {
    EXPECT_EQ(response.server_kinds(i).name(), table.rows()[i].name);
    EXPECT_EQ(response.server_kinds(i).summary(), table.rows()[i].summary);
  }
}

// --- catalog ---

TEST_F(AdminServerTest, GetServiceShowsItsMembers) {
  for (const char* name : {"services/CALCULATOR", "services/calc"}) {
    v1::GetServiceRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    v1::Service service;
    ASSERT_TRUE(catalog_->GetService(&context, request, &service).ok());
    EXPECT_EQ(service.name(), "services/CALCULATOR");
    EXPECT_EQ(service.service_name(), "CALCULATOR");
    EXPECT_EQ(Names(service.aliases().begin(), service.aliases().end()),
              Names({"CALCULATOR", "CALC"}));
    EXPECT_EQ(service.doc(), "Adds.");
    bool found = false;
    for (const v1::Member& member : service.members()) {
      if (member.name() != "add") continue;
      found = true;
      EXPECT_EQ(member.kind(), v1::Member::METHOD);
      EXPECT_EQ(member.signature(), "(a: int, b: int) -> int");
      EXPECT_EQ(member.doc(), "Returns a + b.");
    }
    EXPECT_TRUE(found);
  }
}

TEST_F(AdminServerTest, ServicesAreListedInPages) {
  v1::ListServicesRequest request;
  request.set_page_size(1);
  Names names;
  do {
    grpc::ClientContext context;
    v1::ListServicesResponse response;
    ASSERT_TRUE(catalog_->ListServices(&context, request, &response).ok());
    for (const v1::Service& service : response.services()) names.push_back(service.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, Names({"services/CALCULATOR", "services/ECHO", "services/SLOW"}));
}

// --- host ---

TEST_F(AdminServerTest, GetHost) {
  ASSERT_TRUE(Start("spec { service: 'ECHO' }").ok());
  grpc::ClientContext context;
  v1::Host host;
  ASSERT_TRUE(host_->GetHost(&context, {}, &host).ok());
  EXPECT_EQ(host.version(), kVersion);
  EXPECT_FALSE(host.build().empty());
  EXPECT_EQ(host.start_time().seconds(), absl::ToUnixSeconds(start_time_));
  EXPECT_EQ(host.servers_open(), 1);
  EXPECT_EQ(host.connections_open(), 0);
}

// --- slow closes ---

// Each slow close holds a thread of gRPC until its server is closed.
TEST_F(AdminServerTest, ManySlowClosesHoldUpNobody) {
  constexpr int kServers = 50;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < kServers; ++i) {
    v1::Server server;
    ASSERT_TRUE(Start("spec { service: 'SLOW' }", &server).ok());
    callers.push_back(std::make_unique<Caller>(
        directory_.GetServer(server.name().substr(sizeof("servers/") - 1))->snapshot));
    callers.back()->Send("wait");
  }
  gate_->AwaitWaiting(kServers);

  std::vector<std::future<std::string>> closes;
  for (const std::string& name : List(/*show_closed=*/false)) {
    closes.push_back(std::async(std::launch::async, [this, name]() -> std::string {
      v1::CloseServerRequest request;
      request.set_name(name);
      request.mutable_drain_timeout()->set_seconds(600);
      grpc::ClientContext context;
      v1::Server server;
      const grpc::Status status = servers_->CloseServer(&context, request, &server);
      return status.ok() ? v1::Server::State_Name(server.state()) : Why(status);
    }));
  }
  int draining = 0;
  while (draining < kServers) {
    draining = 0;
    for (const ServerRecord& record : directory_.ListServers(/*show_closed=*/false)) {
      draining += record.snapshot.state == ServerState::kDraining;
    }
  }
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::Host host;
    const grpc::Status status = host_->GetHost(&context, {}, &host);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(host.servers_open(), kServers);
  }
  gate_->Open();
  for (auto& close : closes) EXPECT_EQ(close.get(), "CLOSED");
}

// A host that ends shortens the drains; then the control plane can close.
TEST_F(AdminServerTest, ASlowCloseIsHurriedByTheHostsEnd) {
  v1::Server server;
  ASSERT_TRUE(Start("spec { service: 'SLOW' }", &server).ok());
  Caller caller(directory_.GetServer("slow")->snapshot);
  caller.Send("wait");
  gate_->AwaitWaiting(1);
  auto close = std::async(std::launch::async, [this] {
    v1::CloseServerRequest request;
    request.set_name("servers/slow");
    request.mutable_drain_timeout()->set_seconds(600);
    grpc::ClientContext context;
    v1::Server closed;
    EXPECT_TRUE(servers_->CloseServer(&context, request, &closed).ok());
    return closed.abandoned_calls();
  });
  while (directory_.GetServer("slow")->snapshot.state != ServerState::kDraining) {
  }
  directory_.CloseAll(absl::ZeroDuration());
  EXPECT_EQ(close.get(), 1);
  server_->Close(absl::Now() + absl::Seconds(30));
  gate_->Open();
}

// --- reflection, as a client without any .proto file sees it ---

constexpr char kReflection[] = "grpc.reflection.v1alpha.";

std::unique_ptr<google::protobuf::Message> NewReflectionMessage(const std::string& name) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          absl::StrCat(kReflection, name));
  return std::unique_ptr<google::protobuf::Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

// Sends one request to the reflection service; request and answer are in text format.
std::string Reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& question) {
  const auto request = NewReflectionMessage("ServerReflectionRequest");
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(question, request.get()));
  const grpc::Slice slice(request->SerializeAsString());
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;

  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto run = [&queue] {
    void* tag;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareCall(
      &context, absl::StrCat("/", kReflection, "ServerReflection/ServerReflectionInfo"), &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(run());
  call->Write(sent, nullptr);
  EXPECT_TRUE(run());
  call->Read(&received, nullptr);
  EXPECT_TRUE(run());
  call->WritesDone(nullptr);
  EXPECT_TRUE(run());
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(run());
  EXPECT_TRUE(status.ok()) << status.error_message();

  grpc::Slice whole;
  EXPECT_TRUE(received.DumpToSingleSlice(&whole).ok());
  const auto response = NewReflectionMessage("ServerReflectionResponse");
  EXPECT_TRUE(response->ParseFromArray(whole.begin(), static_cast<int>(whole.size())));
  return response->DebugString();
}

TEST_F(AdminServerTest, ReflectionListsEveryService) {
  const std::string answer = Reflect(channel_, "list_services: ''");
  for (const char* service :
       {"rpyc.admin.v1.HostService", "rpyc.admin.v1.ServerService", "rpyc.admin.v1.CatalogService",
        "grpc.reflection.v1alpha.ServerReflection"}) {
    EXPECT_TRUE(absl::StrContains(answer, absl::StrCat("\"", service, "\""))) << answer;
    const std::string described =
        Reflect(channel_, absl::StrCat("file_containing_symbol: '", service, "'"));
    EXPECT_TRUE(absl::StrContains(described, "file_descriptor_proto")) << described;
  }
}

TEST_F(AdminServerTest, ReflectionDescribesErrors) {
  for (const char* symbol : {"google.rpc.ErrorInfo", "google.rpc.Status"}) {
    const std::string described =
        Reflect(channel_, absl::StrCat("file_containing_symbol: '", symbol, "'"));
    EXPECT_TRUE(absl::StrContains(described, "file_descriptor_proto")) << described;
  }
}

// --- where it listens ---

std::string StartReason(const std::string& address, ServerDirectory* directory) {
  const auto server = AdminServer::Start(address, directory, absl::Now());
  if (server.ok()) return "OK " + (*server)->address();
  return absl::StrCat(static_cast<int>(server.status().code()), " ",
                      GetReason(server.status()).reason);
}

TEST_F(AdminServerTest, APortIsNotShared) {
  EXPECT_EQ(StartReason(server_->address(), &directory_), "9 ADDRESS_IN_USE");
  grpc::ClientContext context;
  v1::Host host;
  EXPECT_TRUE(host_->GetHost(&context, {}, &host).ok());
  const std::string address = server_->address();
  server_->Close(absl::Now());
  EXPECT_EQ(StartReason(address, &directory_), "OK " + address);
}

TEST_F(AdminServerTest, OnlyLoopbackAndOnlyAddresses) {
  EXPECT_EQ(StartReason("0.0.0.0:0", &directory_), "9 INSECURE_LISTENER");
  EXPECT_EQ(StartReason("[::]:0", &directory_), "9 INSECURE_LISTENER");
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:0",
                          "unix:", "unix:/no/such/folder/s", "127.0.0.1:-1"}) {
    EXPECT_EQ(StartReason(bad, &directory_), "3 INVALID_FIELD") << bad;
  }
  EXPECT_TRUE(absl::StartsWith(StartReason(":0", &directory_), "OK 127.0.0.1:"));
  EXPECT_TRUE(absl::StartsWith(StartReason("localhost:0", &directory_), "OK 127.0.0.1:"));
}

TEST_F(AdminServerTest, Ipv6HasBrackets) {
  if (!SocketListener::Open(*SocketAddress::Resolve("::1", 0, true), {}).ok()) GTEST_SKIP();
  Listen("[::1]:0");
  EXPECT_TRUE(absl::StartsWith(server_->address(), "[::1]:"));
  grpc::ClientContext context;
  v1::Host host;
  EXPECT_TRUE(host_->GetHost(&context, {}, &host).ok());
}

class UnixAdminServerTest : public AdminServerTest {
 protected:
  // TEST_TMPDIR is too long for the path of a socket.
  UnixAdminServerTest() { EXPECT_NE(::mkdtemp(folder_), nullptr); }
  ~UnixAdminServerTest() override {
    server_.reset();
    EXPECT_EQ(::rmdir(folder_), 0) << "something is left in it";
  }

  std::string Path(const std::string& name) const { return absl::StrCat(folder_, "/", name); }
  static mode_t Mode(const std::string& path) {
    struct stat found;
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode : 0;
  }

  char folder_[sizeof("/tmp/rpycXXXXXX")] = "/tmp/rpycXXXXXX";
};

TEST_F(UnixAdminServerTest, IsTheOwnersAlone) {
  Listen("unix:" + Path("admin.sock"));
  EXPECT_EQ(server_->address(), "unix:" + Path("admin.sock"));
  EXPECT_EQ(Mode(Path("admin.sock")), static_cast<mode_t>(S_IFSOCK | 0600));
  grpc::ClientContext context;
  v1::Host host;
  const grpc::Status status = host_->GetHost(&context, {}, &host);
  EXPECT_TRUE(status.ok()) << status.error_message();

  EXPECT_EQ(StartReason(server_->address(), &directory_), "9 ADDRESS_IN_USE");
  EXPECT_EQ(Mode(Path("admin.sock")), static_cast<mode_t>(S_IFSOCK | 0600));
  server_->Close(absl::Now());
  EXPECT_EQ(Mode(Path("admin.sock")), 0u);
  EXPECT_EQ(Mode(Path("admin.sock.lock")), 0u);
}

// gRPC decodes percent-encoding in addresses.
TEST_F(UnixAdminServerTest, APathIsTakenLiterally) {
  Listen("unix:" + Path("a%41 b"));
  EXPECT_EQ(Mode(Path("a%41 b")), static_cast<mode_t>(S_IFSOCK | 0600));
}

TEST_F(UnixAdminServerTest, ASocketLeftBehindIsReplaced) {
  const std::string path = Path("stale.sock");
  {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress address = *SocketAddress::Unix(path);
    ASSERT_EQ(::bind(fd.get(), address.get(), address.size()), 0);
  }
  EXPECT_EQ(StartReason("unix:" + path, &directory_), "OK unix:" + path);
}

}  // namespace
}  // namespace rpyc
