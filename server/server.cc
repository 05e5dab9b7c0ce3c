#include "server/server.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/did_you_mean.h"
#include "rpyc/mutex.h"
#include "rpyc/throttle.h"
#include "rpyc/transport/descriptor_reserve.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "rpyc/transport/tls_context.h"
#include "rpyc/transport/tls_pem.h"
#include "server/auto_registration.h"
#include "server/listen_address.h"
#include "server/log.h"
#include "server/memory_limits.h"
#include "server/option_checks.h"
#include "server/reason.h"
#include "server/rpyc_session.h"
#include "server/session_ledger.h"
#include "server/thread.h"

namespace rpyc {
namespace {

// How long Close waits for the accept loop, which may serve a call that never returns.
constexpr absl::Duration kAcceptGrace = absl::Seconds(2);
// How often the log tells of a connection that could not be served.
constexpr absl::Duration kRefusalLogInterval = absl::Seconds(1);

// Makes an error about a certificate. `doing` begins its message.
absl::Status CertificateInvalid(const absl::Status& why, absl::string_view doing = "") {
  const std::string field = TlsFieldOf(why);
  return ReasonStatus(absl::StatusCode::kInvalidArgument, "CERTIFICATE_INVALID",
                      absl::StrCat(doing, why.message()),
                      {{"field", absl::StrCat("spec.tls", field.empty() ? "" : ".", field)}});
}

absl::Status UnknownKind(const std::string& given, const ServerKindTable& kinds) {
  if (given.empty()) {
    return ReasonStatus(absl::StatusCode::kInvalidArgument, "UNKNOWN_KIND",
                        absl::StrCat("spec.kind is missing; known: ", kinds.Names()),
                        {{"field", "spec.kind"}});
  }
  std::vector<std::string> names;
  for (const ServerKindInfo& kind : kinds.rows()) names.push_back(kind.name);
  return ReasonStatus(absl::StatusCode::kInvalidArgument, "UNKNOWN_KIND",
                      absl::StrCat("unknown server kind \"", absl::Utf8SafeCEscape(given),
                                   "\"; known: ", kinds.Names(), DidYouMean(given, names)),
                      {{"field", "spec.kind"}});
}

// The error that a server shows while it uses an old certificate; OK if it does not.
absl::Status ReloadError(const TlsContext& tls) {
  const absl::Status why = tls.last_reload();
  return why.ok() ? why : CertificateInvalid(why, "goes on with the old certificate: ");
}

// Holds a server's parts except for its socket.
struct Prepared {
  ServerOptions options;  // with defaults filled in
  const ServerKindInfo* kind;
  SocketAddress address;
  std::shared_ptr<TlsContext> tls;  // null: none
};

// Checks and makes everything that needs no socket.
absl::StatusOr<Prepared> Prepare(ServerOptions options, const Service& service,
                                 const ServerKindTable& kinds) {
  options.service = service.name();
  const ServerKindInfo* kind = kinds.Find(options.kind);
  if (kind == nullptr) return UnknownKind(options.kind, kinds);
  if (absl::Status checked = CheckOptions(*kind, &options); !checked.ok()) return checked;
  absl::StatusOr<SocketAddress> address = ListenAddress(&options);
  if (!address.ok()) return address.status();
  if (!address->is_local() && !options.allow_insecure && !options.tls.has_value()) {
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "INSECURE_LISTENER",
                        absl::StrCat(address->ToString(),
                                     " would be open to other machines without TLS; "
                                     "allow_insecure permits that"),
                        {{"field", "spec.hostname"}});
  }
  std::shared_ptr<TlsContext> context;
  if (options.tls.has_value()) {
    absl::StatusOr<std::shared_ptr<TlsContext>> tls = TlsContext::Load(*options.tls);
    if (!tls.ok()) return CertificateInvalid(tls.status());
    context = *std::move(tls);
  }
  return Prepared{std::move(options), kind, *address, std::move(context)};
}

}  // namespace

// Runs a server. It is shared by the Server and the accept loop, which may outlive the Server: a
// kind that serves inline may run a call there that never returns.
class Server::Runner : public std::enable_shared_from_this<Runner> {
 public:
  Runner(ServerOptions options, const Service& service, const ServerKindInfo& kind,
         std::shared_ptr<Watcher> watcher, std::shared_ptr<TlsContext> tls,
         StateObserver state_changed, std::shared_ptr<ByteBudget> budget)
      : options_(std::move(options)),
        one_connection_(kind.traits.one_connection),
        kind_(kind.make()),
        state_changed_(std::move(state_changed)),
        setup_(std::make_shared<SessionSetup>(
            service, Connection::Options{options_.limits, options_.protocol_config},
            std::move(watcher), std::move(tls), options_.handshake_timeout, std::move(budget))) {}

  absl::Status Start(const SocketAddress& address, std::shared_ptr<Zygote> zygote);
  void Close(absl::Duration drain_timeout);
  ServerSnapshot Snapshot() const;
  absl::Status ReloadCertificates();
  const ServerOptions& options() const { return options_; }
  const std::shared_ptr<SessionLedger>& ledger() const { return setup_->ledger; }

 private:
  // All of these are called without the lock.

  // Opens the listener and starts the accept loop. Only Start calls it.
  absl::Status Listen(const SocketAddress& address);
  // Announces the server, if the options ask for that. Only Start calls it.
  absl::Status StartRegistering();
  // Takes the announcement back. Any thread.
  void StopRegistering();
  // The kind can serve no more, because of `why`. Any thread.
  void OnKindFailed(const absl::Status& why);

  // Only the accept loop calls these.

  // The thread: accepts connections until the listener ends.
  void AcceptLoop();
  // Passes an accepted connection to the kind, or refuses it.
  void Serve(Socket socket);
  // Counts a refused connection, and logs `why` now and then.
  void Refuse(const absl::Status& why);
  // Stops listening, since the accepted connection will be the only one (one_connection).
  void StopListeningForSingleConnection();
  // The listener has ended, because of Close or of `why`.
  void OnAcceptLoopEnd(const absl::Status& why);

  // These do not change once it has started.
  const ServerOptions options_;
  const bool one_connection_;
  const std::unique_ptr<ServerKind> kind_;
  const StateObserver state_changed_;
  const std::shared_ptr<SessionSetup> setup_;
  Endpoint endpoint_;
  absl::Time start_time_;

  // Only the accept loop uses these.
  bool has_single_connection_ = false;
  Throttle refusal_log_{kRefusalLogInterval};

  mutable Mutex mutex_;
  CondVar changed_;
  ServerState state_ ABSL_GUARDED_BY(mutex_) = ServerState::kStarting;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // a Close has begun and will set kClosed
  // Null once the accept loop has ended, or has its single connection.
  std::unique_ptr<SocketListener> listener_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
  // Null: the server is not announced. Set once.
  std::shared_ptr<AutoRegistration> registration_ ABSL_GUARDED_BY(mutex_);
};

absl::Status Server::Runner::Start(const SocketAddress& address, std::shared_ptr<Zygote> zygote) {
  const KindContext context = {.make_session = [this](Socket socket) -> std::shared_ptr<Session> {
                                 if (one_connection_) StopListeningForSingleConnection();
                                 return std::make_shared<RpycSession>(std::move(socket), setup_);
                               },
                               .options = &options_,
                               .watcher = setup_->watcher.get(),
                               .zygote = std::move(zygote),
                               .setup = setup_,
                               .failed =
                                   [runner = weak_from_this()](const absl::Status& why) {
                                     if (const auto alive = runner.lock()) alive->OnKindFailed(why);
                                   }};
  if (absl::Status started = kind_->Start(context); !started.ok()) {
    return ReasonStatus(absl::StatusCode::kFailedPrecondition, "KIND_UNAVAILABLE",
                        absl::StrCat("kind ", options_.kind, ": ", started.message()),
                        {{"field", "spec.kind"}});
  }
  absl::Status listening = Listen(address);
  if (!listening.ok()) {
    kind_->Drain(absl::InfinitePast()).IgnoreError();
    return WithListenReason(listening, "spec.hostname");
  }
  LogInfo(setup_->label, ": listening on ", endpoint_.ToString());
  absl::Status registering = StartRegistering();
  if (registering.ok()) return registering;
  Close(absl::ZeroDuration());
  return ReasonStatus(registering.code(), "LIMIT_EXCEEDED", registering.message());
}

absl::Status Server::Runner::StartRegistering() {
  if (!options_.auto_register.value_or(false)) return absl::OkStatus();
  // The registry registers the server at the address that the request comes from.
  const bool on_all = endpoint_.host == "0.0.0.0" || endpoint_.host == "::";
  absl::StatusOr<std::unique_ptr<AutoRegistration>> registration = AutoRegistration::Start(
      *options_.registrar,
      {.aliases = setup_->service.aliases(),
       .port = endpoint_.port,
       .from = on_all ? options_.registrar->advertised_hostname : endpoint_.host,
       .label = setup_->label});
  if (!registration.ok()) return registration.status();
  MutexLock lock(&mutex_);
  RPYC_ASSERT(registration_ == nullptr);
  registration_ = *std::move(registration);
  // The single connection may have been accepted already.
  if (state_ != ServerState::kListening) registration_->Stop();
  return absl::OkStatus();
}

void Server::Runner::StopRegistering() {
  MutexLock lock(&mutex_);
  if (registration_ != nullptr) registration_->Stop();
}

absl::Status Server::Runner::Listen(const SocketAddress& address) {
  absl::StatusOr<std::unique_ptr<SocketListener>> listener = OpenListener(options_, address);
  if (!listener.ok()) return listener.status();
  endpoint_ = (*listener)->endpoint();
  setup_->label = absl::StrCat(
      setup_->service.name(), "/",
      endpoint_.socket_path.empty() ? absl::StrCat(endpoint_.port) : endpoint_.ToString());
  start_time_ = absl::Now();
  MutexLock lock(&mutex_);  // the accept loop waits for it, and so for what is set below
  RPYC_ASSERT(state_ == ServerState::kStarting && listener_ == nullptr);
  absl::Status started = StartThread([runner = shared_from_this()] { runner->AcceptLoop(); });
  if (!started.ok()) return started;
  listener_ = *std::move(listener);
  state_ = ServerState::kListening;
  return absl::OkStatus();
}

void Server::Runner::AcceptLoop() {
  SocketListener* listener;
  {
    MutexLock lock(&mutex_);
    listener = listener_.get();
    RPYC_ASSERT(listener != nullptr);
  }
  for (;;) {
    absl::StatusOr<Socket> socket = listener->Accept();
    if (socket.ok()) {
      Serve(*std::move(socket));
    } else if (absl::IsNotFound(socket.status())) {
      LogError(setup_->label, ": ", socket.status().message());
    } else if (absl::IsResourceExhausted(socket.status())) {
      Refuse(socket.status());
    } else {
      return OnAcceptLoopEnd(socket.status());
    }
    if (has_single_connection_) return Close(absl::ZeroDuration());  // `listener` is destroyed
  }
}

void Server::Runner::StopListeningForSingleConnection() {
  has_single_connection_ = true;
  std::unique_ptr<SocketListener> listener;
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
  StopRegistering();
  LogInfo(setup_->label, ": has its one connection, no longer listening");
  state_changed_();
}

void Server::Runner::Serve(Socket socket) {
  if (IsReservedDescriptor(socket.fd())) {
    return Refuse(absl::ResourceExhaustedError(
        absl::StrCat("closed ", socket.peer(), ": ", ReservedDescriptorsText())));
  }
  if (setup_->ledger->open() >= options_.max_sessions) {
    return Refuse(absl::ResourceExhaustedError(
        absl::StrCat("closed ", socket.peer(), ": max_sessions is ", options_.max_sessions)));
  }
  if (!HasAddressSpace()) {
    return Refuse(absl::ResourceExhaustedError(
        absl::StrCat("closed ", socket.peer(), ": the address space (ulimit -v) is used up")));
  }
  absl::Status admitted = OrOutOfMemory([&] { return kind_->Admit(std::move(socket)); });
  if (!admitted.ok()) Refuse(admitted);
}

void Server::Runner::Refuse(const absl::Status& why) {
  setup_->ledger->Refused();
  if (absl::IsCancelled(why)) return;  // the server is closing
  if (!refusal_log_.Pass(absl::Now()).has_value()) return;
  LogWarning(setup_->label, ": refused a connection: ", why.message());
}

void Server::Runner::OnAcceptLoopEnd(const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    listener_.reset();
    changed_.SignalAll();
    if (state_ != ServerState::kListening) return;
    state_ = ServerState::kFailed;
    last_error_ = why;
  }
  StopRegistering();
  LogError(setup_->label, ": no longer listening: ", why.message());
  state_changed_();
}

void Server::Runner::OnKindFailed(const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    if (state_ != ServerState::kListening) return;
    state_ = ServerState::kFailed;
    last_error_ = why;
    if (listener_ != nullptr) listener_->Stop();
  }
  StopRegistering();
  LogError(setup_->label, ": no longer serving: ", why.message());
  state_changed_();
}

void Server::Runner::Close(absl::Duration drain_timeout) {
  bool first;
  {
    MutexLock lock(&mutex_);
    RPYC_ASSERT(state_ != ServerState::kStarting);
    if (state_ == ServerState::kClosed) return;
    first = !closing_;
    closing_ = true;
    state_ = ServerState::kDraining;
    if (listener_ != nullptr) listener_->Stop();
  }
  StopRegistering();
  if (first) state_changed_();
  // A second Close may shorten the drain of a first one that still runs.
  kind_->Drain(absl::Now() + drain_timeout).IgnoreError();
  std::shared_ptr<AutoRegistration> registration;
  {
    MutexLock lock(&mutex_);
    registration = registration_;
  }
  // Once the server is closed, the registry must not send clients to it any more.
  if (first && registration != nullptr) registration->AwaitEnd();
  {
    MutexLock lock(&mutex_);
    if (!first) {
      while (state_ != ServerState::kClosed) changed_.Wait(&mutex_);
      return;
    }
    const absl::Time grace = absl::Now() + kAcceptGrace;
    while (listener_ != nullptr && changed_.WaitUntil(&mutex_, grace)) {
    }
    RPYC_ASSERT(state_ == ServerState::kDraining);
    state_ = ServerState::kClosed;
    changed_.SignalAll();
  }
  setup_->complaints->LogCounts(setup_->label);
  const int64_t abandoned = kind_->Stats().abandoned_calls;
  if (abandoned == 0) {
    LogInfo(setup_->label, ": closed");
  } else {
    LogWarning(setup_->label, ": closed; ", abandoned, " calls still run and were abandoned");
  }
  state_changed_();
}

absl::Status Server::Runner::ReloadCertificates() {
  if (setup_->tls == nullptr) return absl::OkStatus();
  const absl::Status reloaded = setup_->tls->Reload();
  if (!reloaded.ok()) {
    LogError(setup_->label, ": certificates stay as they were: ", reloaded.message());
    return CertificateInvalid(reloaded);
  }
  LogInfo(setup_->label, ": has read its certificates again");
  return absl::OkStatus();
}

std::string ServerSnapshot::address() const {
  return Endpoint{hostname, port, socket_path}.ToString();
}

ServerSnapshot Server::Runner::Snapshot() const {
  const SessionLedger::Totals totals = setup_->ledger->totals();
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
  const ServerKindStats kind = kind_->Stats();
  snapshot.abandoned_calls = kind.abandoned_calls;
  snapshot.workers = kind.workers;
  snapshot.fibers = kind.fibers;
  MutexLock lock(&mutex_);
  snapshot.state = state_;
  snapshot.last_error = last_error_;
  if (state_ != ServerState::kListening) return snapshot;
  // Only the first error is kept, so the one that keeps clients out comes first.
  if (listener_ != nullptr) snapshot.last_error.Update(listener_->CheckFile());
  if (setup_->tls != nullptr) snapshot.last_error.Update(ReloadError(*setup_->tls));
  if (registration_ != nullptr) snapshot.last_error.Update(registration_->last_attempt());
  return snapshot;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerOptions& options, const Service& service, const ServerKindTable& kinds,
    std::shared_ptr<Watcher> watcher, StateObserver state_changed, std::shared_ptr<Zygote> zygote,
    std::shared_ptr<ByteBudget> budget) {
  absl::StatusOr<Prepared> prepared = Prepare(options, service, kinds);
  if (!prepared.ok()) return prepared.status();
  size_t& max_total_bytes = prepared->options.limits.max_total_bytes;
  if (max_total_bytes == 0) {
    max_total_bytes = budget == nullptr ? DefaultTotalBytes() : budget->max_bytes();
  }
  auto runner = std::make_shared<Runner>(std::move(prepared->options), service, *prepared->kind,
                                         std::move(watcher), std::move(prepared->tls),
                                         std::move(state_changed), std::move(budget));
  absl::Status started = runner->Start(prepared->address, std::move(zygote));
  if (!started.ok()) return started;
  return std::unique_ptr<Server>(new Server(std::move(runner)));
}

absl::StatusOr<ServerOptions> Server::Check(const ServerOptions& options, const Service& service,
                                            const ServerKindTable& kinds) {
  absl::StatusOr<Prepared> prepared = Prepare(options, service, kinds);
  if (!prepared.ok()) return prepared.status();
  if (absl::Status free = CheckListener(prepared->options); !free.ok()) return free;
  return std::move(prepared->options);
}

Server::Server(std::shared_ptr<Runner> runner) : runner_(std::move(runner)) {}

Server::~Server() { Close(absl::ZeroDuration()); }

void Server::Close(absl::Duration drain_timeout) { runner_->Close(drain_timeout); }

absl::Status Server::ReloadCertificates() { return runner_->ReloadCertificates(); }

const ServerOptions& Server::options() const { return runner_->options(); }

ServerSnapshot Server::Snapshot() const { return runner_->Snapshot(); }

const std::shared_ptr<SessionLedger>& Server::ledger() const { return runner_->ledger(); }

}  // namespace rpyc
