#include "server/host_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "registry/etcd/open_store.h"
#include "registry/registry_hooks.h"
#include "registry/registry_server.h"
#include "rpyc/transport/endpoint.h"
#include "server/log.h"
#include "server/thread.h"

namespace rpyc {
namespace {

LogLevel LevelOf(RegistryLogLevel level) {
  switch (level) {
    case RegistryLogLevel::kDebug:
      return LogLevel::kDebug;
    case RegistryLogLevel::kInfo:
      return LogLevel::kInfo;
    case RegistryLogLevel::kWarning:
      return LogLevel::kWarning;
    case RegistryLogLevel::kError:
      break;
  }
  return LogLevel::kError;
}

RegistryHooks Hooks() {
  return {.start_thread =
              [](absl::AnyInvocable<void() &&> body) { return StartThread(std::move(body)); },
          .log = [](RegistryLogLevel level, absl::string_view text) { Log(LevelOf(level), text); }};
}

}  // namespace

struct HostRegistry::State {
  std::unique_ptr<RegistryStore> store;
  std::unique_ptr<RegistryServer> server;  // goes first
  std::string address;
};

absl::StatusOr<std::unique_ptr<HostRegistry>> HostRegistry::Start(
    const HostRegistryOptions& options) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(options.address);
  if (!endpoint.ok()) return endpoint.status();
  if (!endpoint->socket_path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.address, "\": a registry listens at HOST:PORT"));
  }
  auto state = std::make_unique<State>();
  absl::StatusOr<std::unique_ptr<RegistryStore>> store =
      OpenStore({.limits = options.limits,
                 .pruning_timeout = options.pruning_timeout,
                 .snapshot_file = options.snapshot_file,
                 .etcd = options.etcd},
                Hooks());
  if (!store.ok()) return store.status();
  state->store = *std::move(store);
  absl::StatusOr<std::unique_ptr<RegistryServer>> server =
      RegistryServer::Start({.host = endpoint->host.empty() ? "127.0.0.1" : endpoint->host,
                             .port = endpoint->port,
                             .allow_listing = options.allow_listing,
                             .limits = options.limits},
                            state->store.get(), Hooks());
  if (!server.ok()) return server.status();
  state->server = *std::move(server);
  state->address = state->server->endpoint().ToString();
  return std::unique_ptr<HostRegistry>(new HostRegistry(std::move(state)));
}

HostRegistry::HostRegistry(std::unique_ptr<State> state) : state_(std::move(state)) {}

HostRegistry::~HostRegistry() = default;

RegistryStore* HostRegistry::store() { return state_->store.get(); }

const std::string& HostRegistry::address() const { return state_->address; }

}  // namespace rpyc
