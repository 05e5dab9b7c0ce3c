#ifndef RPYC_SERVER_ADMIN_UNREADABLE_REQUESTS_H_
#define RPYC_SERVER_ADMIN_UNREADABLE_REQUESTS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>

namespace rpyc {

// Answers requests whose bytes are not a message of their type, or hold text that is not UTF-8,
// with INVALID_ARGUMENT, the reason UNREADABLE_REQUEST and a sentence. By itself gRPC answers
// INTERNAL without a text, and calls no service.
// Source:  gRPC 1.51, grpcpp/impl/codegen/proto_utils.h, GenericDeserialize: the status is INTERNAL
//          with InitializationErrorString(), which proto3 leaves empty.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ExplainUnreadableRequests();

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_UNREADABLE_REQUESTS_H_
