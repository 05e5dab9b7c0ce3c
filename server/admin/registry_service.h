#ifndef RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_
#define RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_

#include <cstddef>
#include <memory>

#include "registry/registry_store.h"
#include "server/admin/watch_slots.h"

namespace grpc {
class Service;
}

namespace rpyc {

// rpyc.admin.v1.RegistryService over the host's registry. If `store` is null, every call fails and
// says that there is no registry. A watch holds one of gRPC's threads.
// Owns:    nothing; it borrows the store, which must outlive it.
// Threads: any.
class RegistryService {
 public:
  explicit RegistryService(RegistryStore* store, size_t max_watches = WatchSlots::kDefaultMax);
  // It must be destroyed after the gRPC server that serves it.
  ~RegistryService();

  // The service that a gRPC server registers.
  grpc::Service* service();

  // Ends every watch and refuses new ones, so that they do not delay the gRPC server's shutdown.
  // Idempotent.
  void Stop();

 private:
  class Service;
  const std::unique_ptr<Service> service_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_REGISTRY_SERVICE_H_
