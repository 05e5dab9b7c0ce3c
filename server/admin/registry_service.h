#ifndef RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_
#define RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_

#include <cstddef>
#include <memory>

#include "registry/registry_store.h"

namespace grpc {
class Service;
}

namespace rpyc {

// rpyc.admin.v1.RegistryService over the host's registry; null: there is none, and every call says
// so. A watch holds one of gRPC's threads.
// Threads: any. Borrows the store, which must outlive it.
class RegistryService {
 public:
  static constexpr size_t kMaxWatches = 100;

  explicit RegistryService(RegistryStore* store, size_t max_watches = kMaxWatches);
  // To be destroyed after the gRPC server that serves it.
  ~RegistryService();

  // What a gRPC server registers.
  grpc::Service* service();

  // Ends every watch, and refuses new ones, so that they do not hold the gRPC server's shutdown.
  // Idempotent.
  void Stop();

 private:
  class Service;
  const std::unique_ptr<Service> service_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_
