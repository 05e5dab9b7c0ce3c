#include "server/admin/unreadable_requests.h"

#include <grpcpp/support/status.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/admin/status_to_grpc.h"
#include "server/reason.h"

namespace rpyc {
namespace {

using grpc::experimental::InterceptionHookPoints;

class Explainer final : public grpc::experimental::Interceptor {
 public:
  explicit Explainer(std::string method) : method_(std::move(method)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      // Every error of our services has a text, so this one is gRPC's.
      if (status.error_code() == grpc::StatusCode::INTERNAL && status.error_message().empty()) {
        methods->ModifySendStatus(StatusToGrpc(ReasonStatus(
            absl::StatusCode::kInvalidArgument, "UNREADABLE_REQUEST",
            absl::StrCat(method_,
                         ": the request cannot be read: a text in it is not UTF-8, or its "
                         "bytes are not a message of the method's request type"))));
      }
    }
    methods->Proceed();
  }

 private:
  const std::string method_;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new Explainer(info->method());  // gRPC takes ownership
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ExplainUnreadableRequests() {
  return std::make_unique<Factory>();
}

}  // namespace rpyc
