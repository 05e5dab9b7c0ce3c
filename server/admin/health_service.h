#ifndef RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
#define RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "server/server_directory.h"

namespace grpc {
class Service;
}

namespace rpyc {

// grpc.health.v1.Health over a directory: "" is the host, "servers/{server_id}" a server, which is
// SERVING while it listens. A Watch costs no thread; one thread tells all of them what has changed.
// Threads: any. Borrows the directory, which must outlive it.
class HealthService {
 public:
  static constexpr size_t kMaxWatches = 1000;

  // Errors:  kResourceExhausted - out of threads.
  static absl::StatusOr<std::unique_ptr<HealthService>> Start(ServerDirectory* directory,
                                                              size_t max_watches = kMaxWatches);
  // To be destroyed after the gRPC server that serves it.
  ~HealthService();

  // What a gRPC server registers.
  grpc::Service* service();

  // Ends every Watch and refuses new ones, so that they do not hold the gRPC server's shutdown.
  // Idempotent.
  void Stop();

 private:
  class Watches;
  class Watcher;
  class Service;
  HealthService(std::shared_ptr<Watches> watches, std::unique_ptr<Service> service);

  const std::shared_ptr<Watches> watches_;  // shared with the thread and with each Watch
  const std::unique_ptr<Service> service_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_HEALTH_SERVICE_H_
