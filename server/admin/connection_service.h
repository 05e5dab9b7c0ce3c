#ifndef RPYC_SERVER_ADMIN_CONNECTION_SERVICE_H_
#define RPYC_SERVER_ADMIN_CONNECTION_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/server_directory.h"

namespace rpyc {

// Makes rpyc.admin.v1.ConnectionService over `directory`, which must outlive it.
std::unique_ptr<grpc::Service> MakeConnectionService(ServerDirectory* directory);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_CONNECTION_SERVICE_H_
