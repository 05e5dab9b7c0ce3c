#ifndef RPYC_SERVER_ADMIN_STATUS_TO_GRPC_H_
#define RPYC_SERVER_ADMIN_STATUS_TO_GRPC_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace rpyc {

// An error as the control plane sends it: code, message, and one google.rpc.ErrorInfo of the domain
// "rpyc.admin" if `status` has a Reason (server/reason.h). Long texts are cut, since a client that
// receives trailers over 8 KiB refuses the whole answer.
google::rpc::Status StatusToProto(const absl::Status& status);
grpc::Status StatusToGrpc(const absl::Status& status);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_STATUS_TO_GRPC_H_
