#include "server/admin/admin_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "rpyc/transport/unix_path.h"
#include "server/admin/catalog_service.h"
#include "server/admin/connection_service.h"
#include "server/admin/health_service.h"
#include "server/admin/host_service.h"
#include "server/admin/registry_service.h"
#include "server/admin/server_service.h"
#include "server/admin/unreadable_requests.h"
#include "server/reason.h"

namespace rpyc {
namespace {

// An address that the admin server may listen at.
struct ReservedAddress {
  SocketAddress address;
  std::unique_ptr<UnixPath> unix_path;  // null for TCP

  // The address as gRPC expects it: gRPC decodes percent-encoding.
  std::string ForGrpc() const { return absl::StrReplaceAll(address.ToString(), {{"%", "%25"}}); }
};

// Checks the address, and takes the path of a unix socket.
absl::StatusOr<ReservedAddress> ReserveAddress(absl::string_view text) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return endpoint.status();
  ReservedAddress reserved;
  if (!endpoint->socket_path.empty()) {
    absl::StatusOr<SocketAddress> address = SocketAddress::Unix(endpoint->socket_path);
    if (!address.ok()) return address.status();
    absl::StatusOr<std::unique_ptr<UnixPath>> unix_path = UnixPath::Take(endpoint->socket_path);
    if (!unix_path.ok()) return unix_path.status();
    reserved.address = *address;
    reserved.unix_path = *std::move(unix_path);
    return reserved;
  }
  absl::StatusOr<SocketAddress> address = SocketAddress::Resolve(
      endpoint->host.empty() ? "127.0.0.1" : endpoint->host, endpoint->port, /*ipv6=*/false);
  if (!address.ok()) return address.status();
  if (!address->is_local()) {
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "INSECURE_LISTENER",
                        absl::StrCat("the control plane at ", address->ToString(),
                                     " would be open to other machines: only loopback or a unix "
                                     "socket"),
                        {{"field", "admin_address"}});
  }
  // gRPC only logs why it could not listen. This attempt returns the reason.
  absl::StatusOr<std::unique_ptr<SocketListener>> probe = SocketListener::Open(*address, {});
  if (!probe.ok()) return probe.status();
  reserved.address = *address;
  return reserved;
}

}  // namespace

struct AdminServer::GrpcServer {
  std::string address;
  std::unique_ptr<UnixPath> unix_path;  // must outlive the listener
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<HealthService> health;
  std::unique_ptr<RegistryService> registry;
  std::unique_ptr<grpc::Server> server;

  Mutex mutex;
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(absl::string_view address,
                                                                ServerDirectory* directory,
                                                                absl::Time host_start_time,
                                                                RegistryStore* registry) {
  absl::StatusOr<ReservedAddress> reserved = ReserveAddress(address);
  if (!reserved.ok()) return WithListenReason(reserved.status(), "admin_address");

  auto grpc_server = std::make_unique<GrpcServer>();
  grpc_server->services.push_back(MakeHostService(directory, host_start_time));
  grpc_server->services.push_back(MakeServerService(directory));
  grpc_server->services.push_back(MakeConnectionService(directory));
  grpc_server->services.push_back(MakeCatalogService(&directory->catalog()));

  grpc_server->health = std::make_unique<HealthService>(directory);
  grpc_server->registry = std::make_unique<RegistryService>(registry);

  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  // Otherwise two hosts could listen at the same port without knowing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(ExplainUnreadableRequests());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  int port = 0;
  builder.AddListeningPort(reserved->ForGrpc(), grpc::InsecureServerCredentials(), &port);
  for (const auto& service : grpc_server->services) builder.RegisterService(service.get());
  builder.RegisterService(grpc_server->health->service());
  builder.RegisterService(grpc_server->registry->service());
  if (reserved->unix_path == nullptr) {
    grpc_server->server = builder.BuildAndStart();
  } else {
    // The umask belongs to the whole process, but only it sets a socket's mode before other users
    // can connect.
    const mode_t umask_before = ::umask(0177);
    grpc_server->server = builder.BuildAndStart();
    ::umask(umask_before);
  }
  if (grpc_server->server == nullptr || port == 0) {
    // Another process took the address between our attempt and gRPC's.
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "ADDRESS_IN_USE",
                        absl::StrCat("cannot listen on ", reserved->address.ToString()),
                        {{"field", "admin_address"}});
  }
  Endpoint endpoint = reserved->address.ToEndpoint();
  if (reserved->unix_path != nullptr) {
    reserved->unix_path->SetBound();
    grpc_server->unix_path = std::move(reserved->unix_path);
  } else {
    endpoint.port = port;
  }
  grpc_server->address = endpoint.ToString();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(grpc_server)));
}

AdminServer::AdminServer(std::unique_ptr<GrpcServer> grpc_server)
    : grpc_server_(std::move(grpc_server)) {}

AdminServer::~AdminServer() { Close(absl::Now()); }

void AdminServer::Close(absl::Time deadline) {
  MutexLock lock(&grpc_server_->mutex);
  if (grpc_server_->closed) return;
  grpc_server_->closed = true;
  grpc_server_->health->Stop();  // otherwise a Watch would delay the shutdown until the deadline
  grpc_server_->registry->Stop();
  grpc_server_->server->Shutdown(absl::ToChronoTime(deadline));
  grpc_server_->server->Wait();
  grpc_server_->unix_path.reset();
}

const std::string& AdminServer::address() const { return grpc_server_->address; }

}  // namespace rpyc
