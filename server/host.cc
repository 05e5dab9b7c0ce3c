#include "server/host.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/admin/admin_server.h"
#include "server/host_registry.h"
#include "server/reason.h"
#include "server/service_catalog.h"
#include "server/signal_mask.h"

namespace rpyc {
namespace {

// How long calls of the control plane may still run when everything else has closed.
constexpr absl::Duration kAdminGrace = absl::Milliseconds(500);

// Returns the same error, with `what` and a colon before its message.
absl::Status Prefixed(absl::string_view what, const absl::Status& status) {
  return WithMessage(status, absl::StrCat(what, ": ", status.message()));
}

absl::Status ServerError(const ServerOptions& server, const absl::Status& status) {
  return Prefixed(absl::StrCat("server ", server.kind, ":", server.service), status);
}

}  // namespace

struct Host::Parts {
  Parts(ServiceCatalog catalog, ServerKindTable kinds, std::shared_ptr<Zygote> zygote,
        size_t max_total_bytes)
      : directory(std::move(catalog), std::move(kinds), std::move(zygote), max_total_bytes) {}

  // Destroyed in the reverse order: the admin server borrows the others.
  std::unique_ptr<HostRegistry> registry;  // null: none
  ServerDirectory directory;
  std::unique_ptr<AdminServer> admin;  // null: none
  std::string admin_address;
  std::string registry_address;
};

absl::StatusOr<std::unique_ptr<Host>> Host::Start(HostOptions options) {
  const absl::Time start_time = absl::Now();
  if (options.zygote != nullptr) {
    if (absl::Status watched = options.zygote->Watch(); !watched.ok()) return watched;
  }
  absl::StatusOr<ServiceCatalog> catalog = ServiceCatalog::Make(std::move(options.services));
  if (!catalog.ok()) return catalog.status();
  auto parts = std::make_unique<Parts>(*std::move(catalog), std::move(options.kinds),
                                       std::move(options.zygote), options.max_total_bytes);
  parts->directory.SetWhyNoZygote(std::move(options.why_no_zygote));
  // First all checks that need no listening socket.
  for (const ServerOptions& server : options.servers) {
    absl::Status checked = parts->directory.CheckServer("", server).status();
    if (!checked.ok()) return ServerError(server, checked);
  }
  if (!options.registry.address.empty()) {
    absl::StatusOr<std::unique_ptr<HostRegistry>> registry = HostRegistry::Start(options.registry);
    if (!registry.ok()) return Prefixed("registry", registry.status());
    parts->registry = *std::move(registry);
    parts->registry_address = parts->registry->address();
  }
  RegistryStore* const store = parts->registry == nullptr ? nullptr : parts->registry->store();
  if (!options.admin_address.empty()) {
    const SignalMask inherited_by_grpc;
    absl::StatusOr<std::unique_ptr<AdminServer>> admin =
        AdminServer::Start(options.admin_address, &parts->directory, start_time, store);
    if (!admin.ok()) return Prefixed("admin listener", admin.status());
    parts->admin = *std::move(admin);
    parts->admin_address = parts->admin->address();
  }
  // If a server fails to start, the ones before it close with `parts`.
  for (const ServerOptions& server : options.servers) {
    absl::Status started = parts->directory.StartServer("", server).status();
    if (!started.ok()) return ServerError(server, started);
  }
  return std::unique_ptr<Host>(new Host(std::move(parts)));
}

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Host::~Host() {
  Close(absl::ZeroDuration());
  const SignalMask inherited_by_grpc;
  parts_->admin.reset();
}

void Host::Close(absl::Duration drain_timeout) {
  // The control plane closes last, so that its clients can watch the drain.
  parts_->directory.CloseAll(drain_timeout);
  const SignalMask inherited_by_grpc;  // gRPC may start threads even during its shutdown
  if (parts_->admin != nullptr) parts_->admin->Close(absl::Now() + kAdminGrace);
}

ServerDirectory& Host::servers() { return parts_->directory; }

const std::string& Host::admin_address() const { return parts_->admin_address; }

const std::string& Host::registry_address() const { return parts_->registry_address; }

}  // namespace rpyc
