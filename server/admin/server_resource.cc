#include "server/admin/server_resource.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/admin/fingerprint.h"
#include "server/admin/proto_time.h"
#include "server/admin/resource_name.h"
#include "server/admin/spec.h"
#include "server/admin/status_to_grpc.h"

namespace rpyc {
namespace {

namespace v1 = admin::v1;

v1::Server::State ToState(ServerState state) {
  switch (state) {
    case ServerState::kStarting:
      return v1::Server::STARTING;
    case ServerState::kListening:
      return v1::Server::LISTENING;
    case ServerState::kDraining:
      return v1::Server::DRAINING;
    case ServerState::kClosed:
      return v1::Server::CLOSED;
    case ServerState::kFailed:
      return v1::Server::FAILED;
  }
  return v1::Server::STATE_UNSPECIFIED;
}

void SetFibers(const ServerKindStats::Fibers& fibers, v1::FiberStats* stats) {
  stats->set_size(fibers.size);
  stats->set_busy(fibers.busy);
  stats->set_most_busy(fibers.most_busy);
  stats->set_saturated(fibers.saturated);
  stats->set_blocked(fibers.blocked);
  *stats->mutable_longest_blocked() = ToProtoDuration(fibers.longest_blocked);
  stats->set_longest_blocked_by(fibers.longest_blocked_by);
  if (fibers.blocked_for == absl::ZeroDuration()) return;
  *stats->mutable_blocked_for() = ToProtoDuration(fibers.blocked_for);
  stats->set_blocked_by(fibers.blocked_by);
}

}  // namespace

v1::Server ServerResource(const ServerRecord& record) {
  const ServerSnapshot& snapshot = record.snapshot;
  v1::Server server;
  server.set_name(ServerResourceName(record.id));
  *server.mutable_spec() = SpecFromOptions(record.options);
  server.set_state(ToState(snapshot.state));
  server.set_hostname(snapshot.hostname);
  server.set_port(snapshot.port);
  server.set_socket_path(snapshot.socket_path);
  if (snapshot.start_time != absl::Time()) {
    *server.mutable_start_time() = ToTimestamp(snapshot.start_time);
  }
  // The etag covers what is set above. That contains no maps, whose order could vary.
  server.set_etag(
      absl::StrCat(absl::Hex(Fingerprint(server.SerializeAsString()), absl::kZeroPad16)));

  if (!snapshot.last_error.ok()) *server.mutable_last_error() = StatusToProto(snapshot.last_error);
  server.set_connections_total(snapshot.connections_total);
  server.set_connections_open(snapshot.connections_open);
  server.set_connections_refused(snapshot.connections_refused);
  server.set_calls_total(snapshot.calls_total);
  server.set_calls_failed(snapshot.calls_failed);
  server.set_abandoned_calls(snapshot.abandoned_calls);
  if (snapshot.workers.has_value()) {
    server.mutable_workers()->set_size(snapshot.workers->size);
    server.mutable_workers()->set_busy(snapshot.workers->busy);
    server.mutable_workers()->set_waiting(snapshot.workers->waiting);
    server.mutable_workers()->set_saturated(snapshot.workers->saturated);
  }
  if (snapshot.fibers.has_value()) SetFibers(*snapshot.fibers, server.mutable_fibers());
  return server;
}

}  // namespace rpyc
