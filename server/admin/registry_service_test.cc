#include "server/admin/registry_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "registry/memory_store.h"
#include "registry/registration.h"
#include "rpyc/admin/v1/registry_service.grpc.pb.h"
#include "server/thread.h"

namespace rpyc {
namespace {

namespace v1 = ::rpyc::admin::v1;
using Response = v1::WatchRegistrationsResponse;

// More than an unread stream holds, and more than the registry keeps.
constexpr int kManyServers = 5'000;
constexpr int kManyChanges = 40'000;
constexpr std::chrono::seconds kHang(120);

class RegistryServiceTest : public testing::Test {
 protected:
  RegistryServiceTest()
      : store_(*MemoryStore::Start({}, {.start_thread =
                                            [](absl::AnyInvocable<void() &&> body) {
                                              return StartThread(std::move(body));
                                            },
                                        .log = [](LogLevel, absl::string_view) {}})),
        registry_(std::make_unique<RegistryService>(store_.get())) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(registry_->service());
    server_ = builder.BuildAndStart();
    // Keeps small what is buffered for a client that does not read.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
    stub_ = v1::RegistryService::NewStub(grpc::CreateCustomChannel(
        absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
  }
  ~RegistryServiceTest() override {
    registry_->Stop();
    server_->Shutdown();
    server_->Wait();
  }

  void Register(int server) {
    // Each has a source of its own, since one source may not announce so many.
    const std::string host = absl::StrCat("10.0.", server / 250, ".", server % 250 + 1);
    store_->Register({.names = {"ECHO"}, .host = host, .port = 18861, .source = host},
                     [](absl::Status done) { EXPECT_TRUE(done.ok()) << done; });
  }

  const std::unique_ptr<MemoryStore> store_;
  const std::unique_ptr<RegistryService> registry_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RegistryService::Stub> stub_;
};

// The registry does not keep changes for ever for a client that does not read; the watch ends.
TEST_F(RegistryServiceTest, AWatcherThatDoesNotReadIsEnded) {
  for (int server = 0; server < kManyServers; ++server) Register(server);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kHang);
  const auto watch = stub_->WatchRegistrations(&context, {});
  Response response;
  ASSERT_TRUE(watch->Read(&response));  // the watch has begun; the stream cannot hold the rest
  for (int change = 0; change < kManyChanges; ++change) Register(change % kManyServers);
  int told = 1;
  while (watch->Read(&response)) ++told;
  EXPECT_GE(told, kManyServers);
  EXPECT_LT(told, kManyServers + kManyChanges);
  const grpc::Status end = watch->Finish();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << end.error_message();
  EXPECT_NE(end.error_details().find("SLOW_WATCHER"), std::string::npos) << end.error_message();
}

TEST_F(RegistryServiceTest, AWatcherThatReadsIsTold) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kHang);
  const auto watch = stub_->WatchRegistrations(&context, {});
  Response response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.type(), Response::SYNCED);
  for (int server = 0; server < 10; ++server) {
    Register(server);
    ASSERT_TRUE(watch->Read(&response));
    EXPECT_EQ(response.type(), Response::ADDED);
  }
  context.TryCancel();
}

}  // namespace
}  // namespace rpyc
