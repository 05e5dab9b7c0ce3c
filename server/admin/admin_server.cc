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

// A place that is ours to listen at.
struct Place {
  SocketAddress address;
  std::unique_ptr<UnixPath> unix_path;  // null for TCP

  // As gRPC reads it, which undoes percent-encoding.
  std::string ForGrpc() const { return absl::StrReplaceAll(address.ToString(), {{"%", "%25"}}); }
};

absl::StatusOr<Place> TakePlace(absl::string_view text) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return endpoint.status();
  Place place;
  if (!endpoint->socket_path.empty()) {
    absl::StatusOr<SocketAddress> address = SocketAddress::Unix(endpoint->socket_path);
    if (!address.ok()) return address.status();
    absl::StatusOr<std::unique_ptr<UnixPath>> unix_path = UnixPath::Take(endpoint->socket_path);
    if (!unix_path.ok()) return unix_path.status();
    place.address = *address;
    place.unix_path = *std::move(unix_path);
    return place;
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
  // gRPC does not tell why it could not listen, it logs it. Our own attempt does.
  absl::StatusOr<std::unique_ptr<SocketListener>> probe = SocketListener::Open(*address, {});
  if (!probe.ok()) return probe.status();
  place.address = *address;
  return place;
}

}  // namespace

struct AdminServer::State {
  std::string address;
  std::unique_ptr<UnixPath> unix_path;  // outlives the listener
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
  absl::StatusOr<Place> place = TakePlace(address);
  if (!place.ok()) return WithListenReason(place.status(), "admin_address");

  auto state = std::make_unique<State>();
  state->services.push_back(MakeHostService(directory, host_start_time));
  state->services.push_back(MakeServerService(directory));
  state->services.push_back(MakeConnectionService(directory));
  state->services.push_back(MakeCatalogService(&directory->catalog()));

  state->health = std::make_unique<HealthService>(directory);
  state->registry = std::make_unique<RegistryService>(registry);

  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  // Or two hosts share a port and neither knows.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(ExplainUnreadableRequests());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  int port = 0;
  builder.AddListeningPort(place->ForGrpc(), grpc::InsecureServerCredentials(), &port);
  for (const auto& service : state->services) builder.RegisterService(service.get());
  builder.RegisterService(state->health->service());
  builder.RegisterService(state->registry->service());
  if (place->unix_path == nullptr) {
    state->server = builder.BuildAndStart();
  } else {
    // Of the process, but nothing else gives a socket its mode before others can connect.
    const mode_t umask_before = ::umask(0177);
    state->server = builder.BuildAndStart();
    ::umask(umask_before);
  }
  if (state->server == nullptr || port == 0) {
    // Somebody came between our attempt and gRPC's.
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "ADDRESS_IN_USE",
                        absl::StrCat("cannot listen on ", place->address.ToString()),
                        {{"field", "admin_address"}});
  }
  Endpoint endpoint = place->address.ToEndpoint();
  if (place->unix_path != nullptr) {
    place->unix_path->SetBound();
    state->unix_path = std::move(place->unix_path);
  } else {
    endpoint.port = port;
  }
  state->address = endpoint.ToString();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AdminServer::~AdminServer() { Close(absl::Now()); }

void AdminServer::Close(absl::Time deadline) {
  MutexLock lock(&state_->mutex);
  if (state_->closed) return;
  state_->closed = true;
  state_->health->Stop();  // else a Watch would hold the shutdown until the deadline
  state_->registry->Stop();
  state_->server->Shutdown(absl::ToChronoTime(deadline));
  state_->server->Wait();
  state_->unix_path.reset();
}

const std::string& AdminServer::address() const { return state_->address; }

}  // namespace rpyc
