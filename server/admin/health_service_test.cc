#include "server/admin/health_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "rpyc/service.h"
#include "server/server_kinds.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

namespace health = grpc::health::v1;
using Response = health::HealthCheckResponse;

constexpr size_t kMaxWatches = 5;

class HealthServiceTest : public testing::Test {
 protected:
  HealthServiceTest()
      : directory_(
            *ServiceCatalog::Make({Service("ECHO").Expose("echo", [](Value x) { return x; })}),
            BuiltinServerKinds()),
        health_(std::make_unique<HealthService>(&directory_, kMaxWatches)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(health_->service());
    server_ = builder.BuildAndStart();
    stub_ = health::Health::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  ~HealthServiceTest() override {
    health_->Stop();
    server_->Shutdown();  // without a deadline it waits for every Watch
    server_->Wait();
  }

  void Start(const std::string& id, bool one_connection = false) {
    ServerOptions options;
    const ServerKindTable kinds = BuiltinServerKinds();
    for (const ServerKindInfo& kind : kinds.rows()) {
      const ServerKindTraits& traits = kind.traits;
      if (traits.separate_process) continue;  // the test has no zygote
      if (traits.one_connection == one_connection) options.kind = kind.name;
    }
    options.service = "ECHO";
    const auto started = directory_.StartServer(id, options);
    EXPECT_TRUE(started.ok()) << started.status();
  }
  void Close(const std::string& id) {
    EXPECT_TRUE(directory_.CloseServer(id, absl::ZeroDuration()).ok());
  }
  // Returns the state of `name`, or the code of the error.
  std::string Check(const std::string& name) {
    health::HealthCheckRequest request;
    request.set_service(name);
    Response response;
    grpc::ClientContext context;
    const grpc::Status status = stub_->Check(&context, request, &response);
    return status.ok() ? Response::ServingStatus_Name(response.status())
                       : absl::StrCat(status.error_code());
  }

  ServerDirectory directory_;
  std::unique_ptr<HealthService> health_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<health::Health::Stub> stub_;
};

// A Watch of a client.
class Watching {
 public:
  Watching(health::Health::Stub* stub, const std::string& name) {
    health::HealthCheckRequest request;
    request.set_service(name);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    reader_ = stub->Watch(&context_, request);
  }

  // Returns the next state, or the code that the Watch ends with.
  std::string Next() {
    Response response;
    if (reader_->Read(&response)) return Response::ServingStatus_Name(response.status());
    return absl::StrCat(reader_->Finish().error_code());
  }
  // Reads until `state` comes, whatever comes before.
  void Await(const std::string& state) {
    for (std::string next = Next(); next != state; next = Next()) {
      ASSERT_TRUE(next == "SERVING" || next == "NOT_SERVING") << next;
    }
  }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

TEST_F(HealthServiceTest, Checks) {
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check("servers/one"), "5");
  Start("one");
  EXPECT_EQ(Check("servers/one"), "SERVING");
  Close("one");
  EXPECT_EQ(Check("servers/one"), "NOT_SERVING");
  for (const char* unknown : {"one", "servers/", "servers/two", "ECHO", "services/ECHO", " "}) {
    EXPECT_EQ(Check(unknown), "5") << unknown;
  }
  directory_.CloseAll(absl::ZeroDuration());
  EXPECT_EQ(Check(""), "NOT_SERVING");
}

TEST_F(HealthServiceTest, AWatchSeesAServerComeAndGo) {
  Watching watch(stub_.get(), "servers/one");
  EXPECT_EQ(watch.Next(), "SERVICE_UNKNOWN");
  Start("one");
  // The server is STARTING for a moment.
  watch.Await("SERVING");
  Close("one");
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  Start("one");
  watch.Await("SERVING");
}

TEST_F(HealthServiceTest, AWatchSeesAServerThatClosesByItself) {
  Start("one", /*one_connection=*/true);
  Watching watch(stub_.get(), "servers/one");
  EXPECT_EQ(watch.Next(), "SERVING");
  Caller caller(directory_.GetServer("one")->snapshot);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");  // it drains
}

TEST_F(HealthServiceTest, AWatchOfTheHostSeesItClose) {
  Watching watch(stub_.get(), "");
  EXPECT_EQ(watch.Next(), "SERVING");
  directory_.CloseAll(absl::ZeroDuration());
  health_->Stop();  // the Watch sends the change, whichever of the two comes first
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  EXPECT_EQ(Check(""), "NOT_SERVING");
  EXPECT_EQ(watch.Next(), "14");
}

TEST_F(HealthServiceTest, StopEndsWatchesAndRefusesNewOnes) {
  std::vector<std::unique_ptr<Watching>> watches;
  for (size_t i = 0; i < kMaxWatches; ++i) {
    watches.push_back(std::make_unique<Watching>(stub_.get(), ""));
    EXPECT_EQ(watches.back()->Next(), "SERVING");
  }
  health_->Stop();
  for (const auto& watch : watches) EXPECT_EQ(watch->Next(), "14");
  EXPECT_EQ(Watching(stub_.get(), "").Next(), "14");
  EXPECT_EQ(Check(""), "SERVING");
}

TEST_F(HealthServiceTest, ThereIsALimit) {
  std::vector<std::unique_ptr<Watching>> watches;
  for (size_t i = 0; i < kMaxWatches; ++i) {
    watches.push_back(std::make_unique<Watching>(stub_.get(), ""));
    EXPECT_EQ(watches.back()->Next(), "SERVING");
  }
  EXPECT_EQ(Watching(stub_.get(), "").Next(), "8");
  watches.pop_back();
  // The server notices that later.
  std::string next;
  do {
    next = Watching(stub_.get(), "").Next();
  } while (next == "8");
  EXPECT_EQ(next, "SERVING");
}

// Watches and servers come and go at the same time, and everything ends while they do.
TEST_F(HealthServiceTest, AStormEnds) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) {
        Watching watch(stub_.get(), absl::StrCat("servers/s", i));
        watch.Next();
        if (round % 2 == 0) watch.Cancel();
      }
    });
    threads.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) {
        Start(absl::StrCat("s", i));
        Close(absl::StrCat("s", i));
      }
    });
  }
  Watching last(stub_.get(), "servers/s0");
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace rpyc
