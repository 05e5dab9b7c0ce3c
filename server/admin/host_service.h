#ifndef RPYC_SERVER_ADMIN_HOST_SERVICE_H_
#define RPYC_SERVER_ADMIN_HOST_SERVICE_H_

#include <memory>

#include "absl/time/time.h"
#include "server/server_directory.h"

namespace grpc {
class Service;
}

namespace rpyc {

// Makes rpyc.admin.v1.HostService over `directory`, which must outlive it.
std::unique_ptr<grpc::Service> MakeHostService(const ServerDirectory* directory,
                                               absl::Time host_start_time);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_HOST_SERVICE_H_
