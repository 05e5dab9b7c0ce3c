#ifndef RPYC_SERVER_ADMIN_SERVER_SERVICE_H_
#define RPYC_SERVER_ADMIN_SERVER_SERVICE_H_

#include <memory>

#include "server/server_directory.h"

namespace grpc {
class Service;
}

namespace rpyc {

// Makes rpyc.admin.v1.ServerService over `directory`, which must outlive it.
std::unique_ptr<grpc::Service> MakeServerService(ServerDirectory* directory);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_SERVER_SERVICE_H_
