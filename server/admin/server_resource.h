#ifndef RPYC_SERVER_ADMIN_SERVER_RESOURCE_H_
#define RPYC_SERVER_ADMIN_SERVER_RESOURCE_H_

#include "rpyc/admin/v1/server.pb.h"
#include "server/server_directory.h"

namespace rpyc {

// A server as the control plane shows it, with its etag.
admin::v1::Server ServerResource(const ServerRecord& record);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_SERVER_RESOURCE_H_
