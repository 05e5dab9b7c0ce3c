#ifndef RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
#define RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_

#include <cstddef>
#include <memory>

#include "server/server_directory.h"

namespace grpc {
class Service;
}

namespace rpyc {

// grpc.health.v1.Health over a directory: "" is the host, "servers/{server_id}" a server, which is
// SERVING while it listens. A Watch holds one of gRPC's threads.
// Threads: any. Borrows the directory, which must outlive it.
class HealthService {
 public:
  static constexpr size_t kMaxWatches = 100;

  explicit HealthService(ServerDirectory* directory, size_t max_watches = kMaxWatches);
  // To be destroyed after the gRPC server that serves it.
  ~HealthService();

  // What a gRPC server registers.
  grpc::Service* service();

  // Ends every Watch, when it has told the last change, and refuses new ones, so that they do not
  // hold the gRPC server's shutdown. Idempotent.
  void Stop();

 private:
  class Service;
  const std::unique_ptr<Service> service_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
