#include "server/host_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "registry/etcd/open_store.h"
#include "registry/registry_hooks.h"
#include "rpyc/transport/endpoint.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {
namespace {

RegistryHooks Hooks() {
  return {.start_thread =
              [](absl::AnyInvocable<void() &&> body) { return StartThread(std::move(body)); },
          .log = [](LogLevel level, absl::string_view text) { Log(level, text); }};
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostRegistry>> HostRegistry::Start(
    const HostRegistryOptions& options) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(options.address);
  if (!endpoint.ok()) return endpoint.status();
  if (!endpoint->socket_path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.address, "\": a registry listens at HOST:PORT"));
  }
  absl::StatusOr<std::unique_ptr<RegistryStore>> store =
      OpenStore({.limits = options.limits,
                 .pruning_timeout = options.pruning_timeout,
                 .snapshot_file = options.snapshot_file,
                 .etcd = options.etcd},
                Hooks());
  if (!store.ok()) return store.status();
  absl::StatusOr<std::unique_ptr<RegistryServer>> server =
      RegistryServer::Start({.host = endpoint->host.empty() ? "127.0.0.1" : endpoint->host,
                             .port = endpoint->port,
                             .allow_listing = options.allow_listing,
                             .limits = options.limits},
                            store->get(), Hooks());
  if (!server.ok()) return server.status();
  return std::unique_ptr<HostRegistry>(new HostRegistry(*std::move(store), *std::move(server)));
}

HostRegistry::HostRegistry(std::unique_ptr<RegistryStore> store,
                           std::unique_ptr<RegistryServer> server)
    : store_(std::move(store)),
      server_(std::move(server)),
      address_(server_->endpoint().ToString()) {}

HostRegistry::~HostRegistry() = default;

}  // namespace rpyc
