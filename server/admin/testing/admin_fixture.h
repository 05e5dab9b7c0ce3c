#ifndef RPYC_SERVER_ADMIN_TESTING_ADMIN_FIXTURE_H_
#define RPYC_SERVER_ADMIN_TESTING_ADMIN_FIXTURE_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "rpyc/admin/v1/catalog_service.grpc.pb.h"
#include "rpyc/admin/v1/host_service.grpc.pb.h"
#include "rpyc/admin/v1/server_service.grpc.pb.h"
#include "rpyc/mutex.h"
#include "server/admin/admin_server.h"
#include "server/server_directory.h"

namespace rpyc {

namespace v1 = admin::v1;

// Holds calls until it is opened.
class Gate {
 public:
  void Wait();
  // Waits until `count` calls wait.
  void AwaitWaiting(int count);
  void Open();

 private:
  Mutex mutex_;
  CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

// Returns the ErrorInfo of an error, as "CODE REASON" or "CODE REASON field".
std::string Why(const grpc::Status& status);

// A control plane on loopback, over a directory with the built-in kinds and the services
// CALCULATOR, ECHO and SLOW; and a client of it.
class AdminServerTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  AdminServerTest();

  // Listens at another address, and connects there.
  void Listen(const std::string& address);

  // The request of StartServer in text format; the kind is the first one unless it names one.
  grpc::Status Start(const std::string& request_text, v1::Server* server);
  grpc::Status Start(const std::string& request_text);
  grpc::Status Close(const std::string& name, v1::Server* server);
  grpc::Status Close(const std::string& name);
  grpc::Status Get(const std::string& name, v1::Server* server);
  grpc::Status Get(const std::string& name);
  // The names of all servers, page by page.
  Names List(bool show_closed, int page_size = 0);

  // Calls a method by its path, "/rpyc.admin.v1.ServerService/GetServer", with these bytes.
  grpc::Status CallWithBytes(const std::string& path, const std::string& request);
  // Calls a method of rpyc.admin.v1, "ServerService/GetServer", with a request in text format.
  grpc::Status Call(const std::string& method, const std::string& request_text);

  const absl::Time start_time_ = absl::Now();
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();  // calls of SLOW wait at it
  ServerDirectory directory_;
  std::unique_ptr<AdminServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ServerService::Stub> servers_;
  std::unique_ptr<v1::CatalogService::Stub> catalog_;
  std::unique_ptr<v1::HostService::Stub> host_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_TESTING_ADMIN_FIXTURE_H_
