#include "server/rpyc_session.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/authentication_driver.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/protocol_config.h"
#include "rpyc/transport/peer_info.h"
#include "rpyc/transport/tls_stream.h"
#include "server/log.h"

namespace rpyc {
namespace {

// How the status of a session begins whose handshake has timed out; by it the host knows one of
// another process.
constexpr absl::string_view kHandshakeTimedOut = "it did not authenticate within ";
constexpr absl::Duration kTimeoutLogInterval = absl::Seconds(1);

// Whether it is worth an operator's attention: the peer's fault, or on_connect's.
bool IsWorthAWarning(const absl::Status& end) {
  return absl::IsInvalidArgument(end) || absl::IsResourceExhausted(end) ||
         absl::IsFailedPrecondition(end) || absl::IsUnauthenticated(end) ||
         absl::IsUnimplemented(end);
}

// Why an authenticator refuses a peer, and what that seems to be if it does not speak RPyC.
absl::Status NamePeer(const absl::Status& refused, absl::string_view received) {
  const std::optional<ForeignProtocol> foreign =
      RecogniseForeignProtocol(received, PortProtocol::kRpyc);
  if (!foreign.has_value()) return refused;
  return absl::UnauthenticatedError(
      absl::StrCat(refused.message(), "; the peer seems to be ", foreign->name));
}

}  // namespace

std::string SessionSetup::NameOf(const Socket& socket) const {
  if (options.config.connid.empty()) return socket.peer();
  return absl::StrCat(socket.peer(), " (", absl::Utf8SafeCEscape(options.config.connid), ")");
}

void SessionSetup::RefreshTls() const {
  if (tls == nullptr) return;
  const absl::StatusOr<bool> reloaded = tls->ReloadIfChanged();
  if (!reloaded.ok()) {
    LogError(label, ": goes on with the old certificate: ", reloaded.status().message());
  } else if (*reloaded) {
    LogInfo(label, ": has read its certificate again");
  }
}

void SessionSetup::LogHandshakeTimeout(const std::string& peer, const absl::Status& end) const {
  const absl::Time now = absl::Now();
  int64_t next = next_timeout_log_unix_nanos_.load();
  if (absl::ToUnixNanos(now) < next || !next_timeout_log_unix_nanos_.compare_exchange_strong(
                                           next, absl::ToUnixNanos(now + kTimeoutLogInterval))) {
    unlogged_timeouts_.fetch_add(1);
    return;
  }
  const int64_t others = unlogged_timeouts_.exchange(0);
  LogInfo(label, ": goodbye ", peer, ": ", end.message(),
          others == 0 ? "" : absl::StrCat("; so did ", others, " others since the last such line"));
}

void SessionSetup::LogEnd(const std::string& peer, const absl::Status& end) const {
  if (absl::IsDeadlineExceeded(end) && absl::StartsWith(end.message(), kHandshakeTimedOut)) {
    return LogHandshakeTimeout(peer, end);
  }
  const LogLevel level = IsWorthAWarning(end) ? LogLevel::kWarning : LogLevel::kDebug;
  if (Logs(level)) {
    const std::string line = absl::StrCat(label, ": goodbye ", peer, end.ok() ? "" : ": ",
                                          absl::Utf8SafeCEscape(end.message()));  // quotes the peer
    complaints->Log(level, label, peer, line, absl::Now());
  }
}

struct RpycSession::Entrance {
  PeerInfo peer;
  Stream* stream;            // the connection's
  TlsStream* tls = nullptr;  // the same, if there is TLS
  bool secure = false;       // the TLS handshake is done
  std::optional<AuthenticationDriver> authentication;
  Stream::Event wants = Stream::Event::kReadable;
};

RpycSession::RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup)
    : setup_(std::move(setup)),
      peer_(setup_->NameOf(socket)),
      connection_(MakeStream(std::move(socket)), &setup_->service, &setup_->options, peer_),
      entrance_closes_(absl::Now() + setup_->handshake_timeout) {
  if (setup_->counters != nullptr) connection_.CountIn(setup_->counters);
  if (setup_->ledger != nullptr) {
    number_ = setup_->ledger->Began(this, &peer_, &connection_.counters());
  }
  LogDebug(setup_->label, ": accepted ", peer_);
}

RpycSession::~RpycSession() {
  if (number_ == 0) return;
  setup_->ledger->Ended(number_, absl::CancelledError("it was not served")).IgnoreError();
}

std::unique_ptr<Stream> RpycSession::MakeStream(Socket socket) {
  entrance_ = std::make_unique<Entrance>();
  entrance_->peer = PeerInfoOf(socket);
  std::unique_ptr<Stream> stream = std::make_unique<SocketStream>(std::move(socket));
  if (setup_->tls != nullptr) {
    setup_->RefreshTls();
    auto secure = std::make_unique<TlsStream>(std::move(stream), setup_->tls->NewConnection());
    entrance_->tls = secure.get();
    stream = std::move(secure);
  }
  entrance_->stream = stream.get();
  return stream;
}

// Goes on letting the peer in until that is done or `deadline`.
// Errors:  kDeadlineExceeded - not done, see Entrance::wants; others: it is not to be let in.
absl::Status RpycSession::Authenticate(absl::Time deadline) {
  Entrance& entrance = *entrance_;
  if (entrance.tls != nullptr && !entrance.secure) {
    if (absl::Status secure = entrance.tls->Handshake(deadline); !secure.ok()) {
      entrance.wants = entrance.tls->wants();
      return secure;
    }
    entrance.secure = true;
    entrance.peer.certificate = entrance.tls->peer_certificate();
  }
  if (const auto& authenticator = setup_->service.authenticator(); authenticator != nullptr) {
    std::optional<AuthenticationDriver>& driver = entrance.authentication;
    if (!driver.has_value()) driver.emplace(authenticator.get(), entrance.peer, entrance.stream);
    if (absl::Status known = driver->Run(deadline); !known.ok()) {
      entrance.wants = driver->wants();
      return absl::IsUnauthenticated(known) ? NamePeer(known, driver->received()) : known;
    }
    connection_.Introduce(entrance.peer.local, driver->credentials(), driver->TakeRest());
  } else {
    connection_.Introduce(entrance.peer.local, entrance.peer.certificate);
  }
  if (entrance.tls != nullptr) entrance.tls->BeginFrames();
  entrance_.reset();
  return absl::OkStatus();
}

void RpycSession::Refuse(absl::Status why) {
  if (shut_out_.load()) {
    why = absl::DeadlineExceededError(absl::StrCat(kHandshakeTimedOut,
                                                   absl::FormatDuration(setup_->handshake_timeout),
                                                   ", the handshake_timeout"));
  }
  connection_.Abort(std::move(why));
}

absl::Status RpycSession::ServeAll() {
  setup_->watcher->Add(this);
  phase_.store(Phase::kEntering);
  // Out of memory ends this connection only.
  absl::Status served = OrOutOfMemory([&]() -> absl::Status {
    if (absl::Status authenticated = Authenticate(absl::InfiniteFuture()); !authenticated.ok()) {
      Refuse(std::move(authenticated));
    } else {
      phase_.store(Phase::kServing);
      connection_.ServeAll().IgnoreError();  // end_status() says it too
    }
    return absl::OkStatus();
  });
  if (!served.ok()) connection_.Abort(std::move(served));
  return End();
}

void RpycSession::ServeBy(Arm arm) {
  arm_ = std::move(arm);
  connection_.OnUnattended([this](Stream::Event wanted) {
    // Who is in the middle of ServeArrived finds the end. One more, armed by that one, would arm
    // the next, and so on: the last would be long in coming.
    if (connection_.ended() && entered_.load() > 0) return;
    arm_(wanted);
  });
  setup_->watcher->Add(this);
  phase_.store(Phase::kEntering);  // whoever is armed, and reads it, sees what has been set up
  // What has something to say need not wait for the peer.
  const bool speaks_first =
      setup_->service.has_hooks() || setup_->service.authenticator() != nullptr;
  const bool at_once = speaks_first || connection_.draining();
  arm_(at_once ? Stream::Event::kEither : Stream::Event::kReadable);
}

void RpycSession::Drain(absl::Time deadline) {
  connection_.Drain(deadline);
  const Phase phase = phase_.load();
  if (phase == Phase::kServing || phase == Phase::kOver) return;
  // A peer that has not said yet who it is has been promised nothing.
  if (setup_->tls != nullptr || setup_->service.authenticator() != nullptr) {
    return connection_.Shutdown();
  }
  if (phase == Phase::kEntering && arm_ != nullptr) arm_(Stream::Event::kEither);
}

std::optional<absl::Status> RpycSession::ServeArrived(int most_requests) {
  entered_.fetch_add(1);
  absl::Status advanced = OrOutOfMemory([&] {
    Advance(most_requests);
    return absl::OkStatus();
  });
  if (!advanced.ok()) connection_.Abort(std::move(advanced));
  // Others may still be in the middle of a call: who is the last ends it.
  if (entered_.fetch_sub(1) > 1 || !connection_.ended()) return std::nullopt;
  if (phase_.exchange(Phase::kOver) == Phase::kOver) return std::nullopt;
  return End();
}

void RpycSession::Advance(int most_requests) {
  const Phase phase = phase_.load();
  if (phase == Phase::kOver) return;
  if (phase == Phase::kEntering) {
    // Should it have been armed needlessly, one is enough.
    if (is_entering_.exchange(true)) return;
    absl::Status authenticated = Authenticate(absl::InfinitePast());
    if (absl::IsDeadlineExceeded(authenticated)) {
      const Stream::Event wants = entrance_->wants;
      is_entering_.store(false);
      return arm_(wants);  // from here on it may be another thread's
    }
    if (!authenticated.ok()) return Refuse(std::move(authenticated));
    phase_.store(Phase::kServing);
    if (!connection_.Open().ok()) return;
  }
  connection_.ServeArrived(most_requests);
}

void RpycSession::Tick() {
  if (phase_.load() > Phase::kEntering) return connection_.Look();
  if (absl::Now() < entrance_closes_ || shut_out_.exchange(true)) return;
  connection_.Shutdown();  // whoever lets it in finds that
}

// Returns how it has ended.
absl::Status RpycSession::End() {
  setup_->watcher->Remove(this);
  connection_.Finish();
  absl::Status end = connection_.end_status();
  if (number_ != 0) end = setup_->ledger->Ended(std::exchange(number_, 0), std::move(end));
  setup_->LogEnd(peer_, end);
  return end;
}

}  // namespace rpyc
