#ifndef RPYC_SERVER_ADMIN_ADMIN_SERVER_H_
#define RPYC_SERVER_ADMIN_ADMIN_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/registry_store.h"
#include "server/server_directory.h"

namespace rpyc {

// The gRPC control plane of a host: rpyc.admin.v1, grpc.health.v1 and server reflection.
// Owns:    the gRPC server; it borrows the directory and the registry, which must outlive it.
// Threads: any.
class AdminServer {
 public:
  // Listens at `address`: HOST:PORT (port 0 picks one) or unix:PATH (mode 0600). `registry` is the
  // host's, or null if it has none.
  // Errors:  kFailedPrecondition ADDRESS_IN_USE; kPermissionDenied BIND_NOT_PERMITTED;
  //          kFailedPrecondition INSECURE_LISTENER - not loopback; kInvalidArgument - not an
  //          address.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(absl::string_view address,
                                                            ServerDirectory* directory,
                                                            absl::Time host_start_time,
                                                            RegistryStore* registry = nullptr);
  ~AdminServer();

  // Stops serving. Calls that run may take until `deadline`. Idempotent.
  void Close(absl::Time deadline);

  // The address that it listens at: "127.0.0.1:18810", "[::1]:18810", "unix:/run/admin.sock".
  const std::string& address() const;

 private:
  struct GrpcServer;  // gRPC's server and the services that it serves
  explicit AdminServer(std::unique_ptr<GrpcServer> grpc_server);
  const std::unique_ptr<GrpcServer> grpc_server_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_ADMIN_SERVER_H_
