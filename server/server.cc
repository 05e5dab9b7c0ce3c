#include "server/server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/mutex.h"
#include "rpyc/transport/listener.h"
#include "rpyc/transport/socket_address.h"
#include "server/log.h"
#include "server/reason.h"
#include "server/rpyc_session.h"
#include "server/session_ledger.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// How long Close waits for an accept loop that serves a call which never returns.
constexpr absl::Duration kAcceptGrace = absl::Seconds(2);
// At most one complaint about a connection that could not be served in this time.
constexpr absl::Duration kComplaintInterval = absl::Seconds(1);

// The field that says where to listen.
absl::string_view PlaceField(const ServerOptions& options) {
  return options.socket_path.empty() ? "spec.hostname" : "spec.socket_path";
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t max) {
  if (value >= 0 && value <= max) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(field, " is ", value, ", must be 0 to ", max));
}

absl::Status CheckFields(const ServerOptions& options) {
  absl::Status status = CheckRange("spec.port", options.port, 65535);
  status.Update(CheckRange("spec.backlog", options.backlog, INT32_MAX));
  status.Update(CheckRange("spec.limits.max_sessions", options.max_sessions, INT64_MAX));
  if (status.ok() && !options.socket_path.empty()) {
    const char* foreign = !options.hostname.empty() ? "spec.hostname"
                          : options.port != 0       ? "spec.port"
                          : options.ipv6            ? "spec.ipv6"
                                                    : nullptr;
    if (foreign != nullptr) {
      return InvalidField(foreign,
                          absl::StrCat(foreign, " is set, but a unix socket has only its path"));
    }
  }
  return status;
}

ServerOptions WithDefaults(ServerOptions options, const Service& service) {
  options.service = service.name();
  if (options.hostname.empty() && options.socket_path.empty()) {
    options.hostname = options.ipv6 ? "::1" : "127.0.0.1";
  }
  if (options.max_sessions == 0) options.max_sessions = ServerOptions().max_sessions;
  return options;
}

// Everything that can be said about options before a socket is made.
absl::StatusOr<SocketAddress> CheckOptions(const ServerOptions& options,
                                           const ServerKindTable& kinds) {
  if (kinds.Find(options.kind) == nullptr) {
    return ReasonStatus(
        absl::StatusCode::kInvalidArgument, "UNKNOWN_KIND",
        absl::StrCat("unknown server kind \"", options.kind, "\"; known: ", kinds.Names()));
  }
  absl::Status fields = CheckFields(options);
  if (!fields.ok()) return fields;
  absl::StatusOr<SocketAddress> address =
      options.socket_path.empty()
          ? SocketAddress::Resolve(options.hostname, options.port, options.ipv6)
          : SocketAddress::Unix(options.socket_path);
  if (!address.ok()) return WithListenReason(address.status(), PlaceField(options));
  if (!address->is_local() && !options.allow_insecure) {
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "INSECURE_LISTENER",
                        absl::StrCat(address->ToString(),
                                     " would be open to other machines without TLS; "
                                     "allow_insecure permits that"));
  }
  return address;
}

}  // namespace

// Kept alive by the Server and by its accept loop, which a kind that serves inline may hold up.
class Server::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(ServerOptions options, const Service& service, const ServerKindInfo& kind,
       std::shared_ptr<Watcher> watcher, StateObserver state_changed)
      : options_(std::move(options)),
        one_connection_(kind.traits.one_connection),
        kind_(kind.make()),
        state_changed_(std::move(state_changed)),
        setup_(std::make_shared<SessionSetup>(
            service, Connection::Options{options_.limits, options_.protocol_config},
            std::move(watcher))) {}

  absl::Status Start(const SocketAddress& address);
  void Close(absl::Duration drain_timeout);
  ServerSnapshot Snapshot() const;
  const ServerOptions& options() const { return options_; }

 private:
  absl::Status Listen(const SocketAddress& address);
  void AcceptLoop();
  void Serve(Socket socket);
  void TakeTheOne();
  void Refuse(const absl::Status& why);
  void ListenerGone(const absl::Status& why);

  // Constant once started.
  const ServerOptions options_;
  const bool one_connection_;
  const std::unique_ptr<ServerKind> kind_;
  const StateObserver state_changed_;
  const std::shared_ptr<SessionSetup> setup_;
  Endpoint endpoint_;
  absl::Time start_time_;

  // The accept loop's.
  bool has_its_one_ = false;  // of one_connection_
  absl::Time last_complaint_ = absl::InfinitePast();

  mutable Mutex mutex_;
  CondVar changed_;
  ServerState state_ ABSL_GUARDED_BY(mutex_) = ServerState::kStarting;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // a Close has begun, and will end it
  // Until the accept loop ends, or has its one connection.
  std::unique_ptr<Listener> listener_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
};

absl::Status Server::Core::Start(const SocketAddress& address) {
  const KindContext context = {.make_session = [this](Socket socket) -> std::shared_ptr<Session> {
                                 if (one_connection_) TakeTheOne();
                                 return std::make_shared<RpycSession>(std::move(socket), setup_);
                               },
                               .options = &options_};
  if (absl::Status started = kind_->Start(context); !started.ok()) {
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "KIND_UNAVAILABLE",
                        absl::StrCat("kind ", options_.kind, ": ", started.message()));
  }
  absl::Status listening = Listen(address);
  if (!listening.ok()) {
    kind_->Drain(absl::InfinitePast()).IgnoreError();
    return WithListenReason(listening, PlaceField(options_));
  }
  Log().info("{}: listening on {}", setup_->label, endpoint_.ToString());
  return absl::OkStatus();
}

absl::Status Server::Core::Listen(const SocketAddress& address) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      Listener::Open(address, {.backlog = options_.backlog, .reuse_addr = options_.reuse_addr});
  if (!listener.ok()) return listener.status();
  endpoint_ = (*listener)->endpoint();
  setup_->label = absl::StrCat(
      setup_->service.name(), "/",
      options_.socket_path.empty() ? absl::StrCat(endpoint_.port) : endpoint_.ToString());
  start_time_ = absl::Now();
  MutexLock lock(&mutex_);  // holds the accept loop up until all is in place
  absl::Status started = StartThread([core = shared_from_this()] { core->AcceptLoop(); });
  if (!started.ok()) return started;
  listener_ = *std::move(listener);
  state_ = ServerState::kListening;
  return absl::OkStatus();
}

void Server::Core::AcceptLoop() {
  Listener* listener;
  {
    MutexLock lock(&mutex_);
    listener = listener_.get();
  }
  for (;;) {
    absl::StatusOr<Socket> socket = listener->Accept();
    if (socket.ok()) {
      Serve(*std::move(socket));
    } else if (absl::IsResourceExhausted(socket.status())) {
      Refuse(socket.status());
    } else {
      return ListenerGone(socket.status());
    }
    if (has_its_one_) return Close(absl::ZeroDuration());  // `listener` has gone
  }
}

// The connection that has been accepted is about to be served, and no other will be.
void Server::Core::TakeTheOne() {
  has_its_one_ = true;
  std::unique_ptr<Listener> listener;
  {
    MutexLock lock(&mutex_);
    listener = std::move(listener_);
  }
  listener.reset();
  {
    MutexLock lock(&mutex_);
    if (state_ == ServerState::kListening) state_ = ServerState::kDraining;
    changed_.SignalAll();
  }
  Log().info("{}: has its one connection, no longer listening", setup_->label);
  state_changed_();
}

void Server::Core::Serve(Socket socket) {
  if (setup_->ledger.open() >= options_.max_sessions) {
    return Refuse(absl::ResourceExhaustedError(
        absl::StrCat("closed ", socket.peer(), ": max_sessions is ", options_.max_sessions)));
  }
  absl::Status admitted = kind_->Admit(std::move(socket));
  if (!admitted.ok()) Refuse(admitted);
}

void Server::Core::Refuse(const absl::Status& why) {
  setup_->ledger.Refused();
  if (absl::IsCancelled(why)) return;  // we are closing
  const absl::Time now = absl::Now();
  if (now - last_complaint_ < kComplaintInterval) return;
  last_complaint_ = now;
  Log().warn("{}: refused a connection: {}", setup_->label, std::string(why.message()));
}

// The accept loop ends: because of Close, or because of `why`.
void Server::Core::ListenerGone(const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    listener_.reset();
    changed_.SignalAll();
    if (state_ != ServerState::kListening) return;
    state_ = ServerState::kFailed;
    last_error_ = why;
  }
  Log().error("{}: no longer listening: {}", setup_->label, std::string(why.message()));
  state_changed_();
}

void Server::Core::Close(absl::Duration drain_timeout) {
  bool first;
  {
    MutexLock lock(&mutex_);
    if (state_ == ServerState::kClosed) return;
    first = !closing_;
    closing_ = true;
    state_ = ServerState::kDraining;
    if (listener_ != nullptr) listener_->Stop();
  }
  if (first) state_changed_();
  // A second Close in the middle of a first one may hasten it.
  kind_->Drain(absl::Now() + drain_timeout).IgnoreError();
  {
    MutexLock lock(&mutex_);
    if (!first) {
      while (state_ != ServerState::kClosed) changed_.Wait(&mutex_);
      return;
    }
    const absl::Time grace = absl::Now() + kAcceptGrace;
    while (listener_ != nullptr && changed_.WaitUntil(&mutex_, grace)) {
    }
    state_ = ServerState::kClosed;
    changed_.SignalAll();
  }
  const int64_t abandoned = kind_->Stats().abandoned_calls;
  if (abandoned == 0) {
    Log().info("{}: closed", setup_->label);
  } else {
    Log().warn("{}: closed; {} calls still run and were abandoned", setup_->label, abandoned);
  }
  state_changed_();
}

std::string ServerSnapshot::address() const {
  return Endpoint{hostname, port, socket_path}.ToString();
}

ServerSnapshot Server::Core::Snapshot() const {
  const SessionLedger::Totals totals = setup_->ledger.totals();
  ServerSnapshot snapshot;
  snapshot.hostname = endpoint_.host;
  snapshot.port = endpoint_.port;
  snapshot.socket_path = endpoint_.socket_path;
  snapshot.start_time = start_time_;
  snapshot.connections_total = totals.connections_total;
  snapshot.connections_open = totals.connections_open;
  snapshot.connections_refused = totals.connections_refused;
  snapshot.calls_total = totals.calls_total;
  snapshot.calls_failed = totals.calls_failed;
  snapshot.abandoned_calls = kind_->Stats().abandoned_calls;
  MutexLock lock(&mutex_);
  snapshot.state = state_;
  snapshot.last_error = last_error_;
  return snapshot;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const Service& service,
                                                      const ServerKindTable& kinds,
                                                      std::shared_ptr<Watcher> watcher,
                                                      StateObserver state_changed) {
  ServerOptions complete = WithDefaults(options, service);
  absl::StatusOr<SocketAddress> address = CheckOptions(complete, kinds);
  if (!address.ok()) return address.status();
  const ServerKindInfo& kind = *kinds.Find(complete.kind);
  auto core = std::make_shared<Core>(std::move(complete), service, kind, std::move(watcher),
                                     std::move(state_changed));
  absl::Status started = core->Start(*address);
  if (!started.ok()) return started;
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

absl::StatusOr<ServerOptions> Server::Check(const ServerOptions& options, const Service& service,
                                            const ServerKindTable& kinds) {
  ServerOptions complete = WithDefaults(options, service);
  absl::Status status = CheckOptions(complete, kinds).status();
  if (!status.ok()) return status;
  return complete;
}

Server::Server(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Server::~Server() { Close(absl::ZeroDuration()); }

void Server::Close(absl::Duration drain_timeout) { core_->Close(drain_timeout); }

const ServerOptions& Server::options() const { return core_->options(); }

ServerSnapshot Server::Snapshot() const { return core_->Snapshot(); }

}  // namespace rpyc
