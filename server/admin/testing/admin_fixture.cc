#include "server/admin/testing/admin_fixture.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "rpyc/service.h"
#include "server/server_kinds.h"

namespace rpyc {
namespace {

ServiceCatalog Catalog(std::shared_ptr<Gate> gate) {
  auto catalog = ServiceCatalog::Make({
      Service("CALCULATOR")
          .Doc("Adds.")
          .Alias("CALC")
          .Expose(
              "add", [](int64_t a, int64_t b) { return a + b; }, Arg("a"), Arg("b"),
              "Returns a + b."),
      Service("ECHO").Expose(
          "echo", [](std::string x) { return x; }, Arg("x")),
      Service("SLOW").Expose("wait", [gate] { gate->Wait(); }),
  });
  return *std::move(catalog);
}

}  // namespace

void Gate::Wait() {
  MutexLock lock(&mutex_);
  ++waiting_;
  changed_.SignalAll();
  while (!open_) changed_.Wait(&mutex_);
}

void Gate::AwaitWaiting(int count) {
  MutexLock lock(&mutex_);
  while (waiting_ < count) changed_.Wait(&mutex_);
}

void Gate::Open() {
  MutexLock lock(&mutex_);
  open_ = true;
  changed_.SignalAll();
}

std::string Why(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() != 1 ||
      !details.details(0).UnpackTo(&info)) {
    return absl::StrCat(status.error_code(), " without ErrorInfo: ", status.error_message());
  }
  EXPECT_EQ(info.domain(), "rpyc.admin");
  EXPECT_FALSE(status.error_message().empty());
  const auto field = info.metadata().find("field");
  return absl::StrCat(status.error_code(), " ", info.reason(),
                      field == info.metadata().end() ? "" : " ",
                      field == info.metadata().end() ? "" : field->second);
}

AdminServerTest::AdminServerTest() : directory_(Catalog(gate_), BuiltinServerKinds()) {
  Listen("127.0.0.1:0");
}

void AdminServerTest::Listen(const std::string& address) {
  auto server = AdminServer::Start(address, &directory_, start_time_);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  servers_ = v1::ServerService::NewStub(channel_);
  catalog_ = v1::CatalogService::NewStub(channel_);
  host_ = v1::HostService::NewStub(channel_);
}

grpc::Status AdminServerTest::Start(const std::string& request_text, v1::Server* server) {
  v1::StartServerRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, &request));
  if (request.spec().kind().empty()) {
    request.mutable_spec()->set_kind(directory_.kinds().rows().front().name);
  }
  grpc::ClientContext context;
  return servers_->StartServer(&context, request, server);
}

grpc::Status AdminServerTest::Start(const std::string& request_text) {
  v1::Server server;
  return Start(request_text, &server);
}

grpc::Status AdminServerTest::Close(const std::string& name, v1::Server* server) {
  v1::CloseServerRequest request;
  request.set_name(name);
  grpc::ClientContext context;
  return servers_->CloseServer(&context, request, server);
}

grpc::Status AdminServerTest::Close(const std::string& name) {
  v1::Server server;
  return Close(name, &server);
}

grpc::Status AdminServerTest::Get(const std::string& name, v1::Server* server) {
  v1::GetServerRequest request;
  request.set_name(name);
  grpc::ClientContext context;
  return servers_->GetServer(&context, request, server);
}

grpc::Status AdminServerTest::Get(const std::string& name) {
  v1::Server server;
  return Get(name, &server);
}

AdminServerTest::Names AdminServerTest::List(bool show_closed, int page_size) {
  Names names;
  v1::ListServersRequest request;
  request.set_show_closed(show_closed);
  request.set_page_size(page_size);
  do {
    grpc::ClientContext context;
    v1::ListServersResponse response;
    const grpc::Status status = servers_->ListServers(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::Server& server : response.servers()) names.push_back(server.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return names;
}

grpc::Status AdminServerTest::CallWithBytes(const std::string& path, const std::string& request) {
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel_);
  auto call = stub.PrepareUnaryCall(&context, path, sent, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  return status;
}

grpc::Status AdminServerTest::Call(const std::string& method, const std::string& request_text) {
  const google::protobuf::MethodDescriptor* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          absl::StrCat("rpyc.admin.v1.", absl::StrReplaceAll(method, {{"/", "."}})));
  EXPECT_NE(descriptor, nullptr) << method;
  const std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(descriptor->input_type())
          ->New());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, request.get()))
      << request_text;
  return CallWithBytes(absl::StrCat("/rpyc.admin.v1.", method), request->SerializeAsString());
}

}  // namespace rpyc
