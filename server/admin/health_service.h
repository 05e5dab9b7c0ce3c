#ifndef RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
#define RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_

#include <cstddef>
#include <memory>

#include "server/admin/watch_slots.h"
#include "server/server_directory.h"

namespace grpc {
class Service;
}

namespace rpyc {

// grpc.health.v1.Health: the service "" is the host, and "servers/{server_id}" is a server, which
// is SERVING while it listens. A Watch holds one of gRPC's threads.
// Owns:    nothing; it borrows the directory, which must outlive it.
// Threads: any.
class HealthService {
 public:
  explicit HealthService(ServerDirectory* directory, size_t max_watches = WatchSlots::kDefaultMax);
  // It must be destroyed after the gRPC server that serves it.
  ~HealthService();

  // The service that a gRPC server registers.
  grpc::Service* service();

  // Ends every Watch once it has sent the last change, and refuses new ones, so that they do not
  // delay the gRPC server's shutdown. Idempotent.
  void Stop();

 private:
  class Service;
  const std::unique_ptr<Service> service_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
