#include "server/rpyc_session.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rpyc/assert.h"
#include "rpyc/authentication_driver.h"
#include "rpyc/foreign_protocol.h"
#include "rpyc/protocol_config.h"
#include "rpyc/transport/peer_info.h"
#include "rpyc/transport/tls_stream.h"
#include "server/log.h"

namespace rpyc {
namespace {

// The status of a session whose handshake has timed out begins so. The host recognises by it such a
// session of another process.
constexpr absl::string_view kHandshakeTimedOut = "it did not authenticate within ";

// Whether the end of a session is worth an operator's attention: the peer or on_connect caused it.
bool IsWorthAWarning(const absl::Status& end) {
  return absl::IsInvalidArgument(end) || absl::IsResourceExhausted(end) ||
         absl::IsFailedPrecondition(end) || absl::IsUnauthenticated(end) ||
         absl::IsUnimplemented(end);
}

// Adds to an authenticator's refusal what the peer seems to be, if it does not speak RPyC.
absl::Status NamePeer(const absl::Status& refused, absl::string_view received) {
  const std::optional<ForeignProtocol> foreign =
      RecogniseForeignProtocol(received, PortProtocol::kRpyc);
  if (!foreign.has_value()) return refused;
  return absl::UnauthenticatedError(
      absl::StrCat(refused.message(), "; the peer seems to be ", foreign->name));
}

}  // namespace

std::string SessionSetup::PeerNameOf(const Socket& socket) const {
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
  const std::optional<int64_t> others = timeout_log_.Pass(absl::Now());
  if (!others.has_value()) return;
  LogInfo(
      label, ": goodbye ", peer, ": ", end.message(),
      *others == 0 ? "" : absl::StrCat("; so did ", *others, " others since the last such line"));
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

struct RpycSession::Handshake {
  PeerInfo peer;
  Stream* stream;            // the connection's stream
  TlsStream* tls = nullptr;  // the same stream; null: there is no TLS
  bool secure = false;       // the TLS handshake is done
  std::optional<AuthenticationDriver> authentication;
  Stream::Event wants = Stream::Event::kReadable;
};

RpycSession::RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup)
    : setup_(std::move(setup)),
      peer_(setup_->PeerNameOf(socket)),
      connection_(MakeStream(std::move(socket)), &setup_->service, &setup_->options, peer_),
      handshake_deadline_(absl::Now() + setup_->handshake_timeout) {
  if (setup_->counters != nullptr) connection_.UseCounters(setup_->counters);
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
  handshake_ = std::make_unique<Handshake>();
  handshake_->peer = PeerInfoOf(socket);
  std::unique_ptr<Stream> stream = std::make_unique<SocketStream>(std::move(socket));
  if (setup_->tls != nullptr) {
    setup_->RefreshTls();
    auto secure = std::make_unique<TlsStream>(std::move(stream), setup_->tls->NewConnection());
    handshake_->tls = secure.get();
    stream = std::move(secure);
  }
  handshake_->stream = stream.get();
  return stream;
}

void RpycSession::ChangePhase(Phase from, Phase to) {
  const Phase before = phase_.exchange(to);
  RPYC_ASSERT(before == from);
}

absl::Status RpycSession::Authenticate(absl::Time deadline) {
  RPYC_ASSERT(handshake_ != nullptr);
  Handshake& handshake = *handshake_;
  if (handshake.tls != nullptr && !handshake.secure) {
    if (absl::Status secure = handshake.tls->Handshake(deadline); !secure.ok()) {
      handshake.wants = handshake.tls->wants();
      return secure;
    }
    handshake.secure = true;
    handshake.peer.certificate = handshake.tls->peer_certificate();
  }
  if (const auto& authenticator = setup_->service.authenticator(); authenticator != nullptr) {
    std::optional<AuthenticationDriver>& driver = handshake.authentication;
    if (!driver.has_value()) driver.emplace(authenticator.get(), handshake.peer, handshake.stream);
    if (absl::Status known = driver->Run(deadline); !known.ok()) {
      handshake.wants = driver->wants();
      return absl::IsUnauthenticated(known) ? NamePeer(known, driver->received()) : known;
    }
    connection_.SetPeerIdentity(handshake.peer.local, driver->credentials(), driver->TakeRest());
  } else {
    connection_.SetPeerIdentity(handshake.peer.local, handshake.peer.certificate);
  }
  if (handshake.tls != nullptr) handshake.tls->BeginFrames();
  handshake_.reset();
  return absl::OkStatus();
}

void RpycSession::Refuse(absl::Status why) {
  if (handshake_timed_out_.load()) {
    why = absl::DeadlineExceededError(absl::StrCat(kHandshakeTimedOut,
                                                   absl::FormatDuration(setup_->handshake_timeout),
                                                   ", the handshake_timeout"));
  }
  connection_.End(std::move(why));
}

absl::Status RpycSession::ServeAll() {
  setup_->watcher->Add(this);
  ChangePhase(Phase::kCreated, Phase::kAuthenticating);
  // A lack of memory ends only this connection.
  absl::Status served = OrOutOfMemory([&]() -> absl::Status {
    if (absl::Status authenticated = Authenticate(absl::InfiniteFuture()); !authenticated.ok()) {
      Refuse(std::move(authenticated));
    } else {
      ChangePhase(Phase::kAuthenticating, Phase::kServing);
      connection_.ServeAll().IgnoreError();  // end_status() returns the same
    }
    return absl::OkStatus();
  });
  if (!served.ok()) connection_.End(std::move(served));
  return End();
}

void RpycSession::ServeBy(Arm arm) {
  arm_ = std::move(arm);
  connection_.OnIdle([this](Stream::Event wanted) {
    // The thread in ServeArrived will see the end. If it armed another thread, that one would arm a
    // third, and so on, and the session would end late.
    if (connection_.ended() && serving_threads_.load() > 0) return;
    arm_(wanted);
  });
  setup_->watcher->Add(this);
  // A thread that reads the phase sees all that is set up above.
  ChangePhase(Phase::kCreated, Phase::kAuthenticating);
  // A service that sends first need not wait for the peer.
  const bool speaks_first =
      setup_->service.has_hooks() || setup_->service.authenticator() != nullptr;
  const bool at_once = speaks_first || connection_.draining();
  arm_(at_once ? Stream::Event::kEither : Stream::Event::kReadable);
}

void RpycSession::Drain(absl::Time deadline) {
  connection_.Drain(deadline);
  const Phase phase = phase_.load();
  if (phase == Phase::kServing || phase == Phase::kOver) return;
  // A peer that has not authenticated yet has no claim to an orderly end.
  if (setup_->tls != nullptr || setup_->service.authenticator() != nullptr) {
    return connection_.Shutdown();
  }
  if (phase == Phase::kAuthenticating && arm_ != nullptr) arm_(Stream::Event::kEither);
}

std::optional<absl::Status> RpycSession::ServeArrived(int request_budget) {
  serving_threads_.fetch_add(1);
  absl::Status advanced = OrOutOfMemory([&] {
    AuthenticateOrServe(request_budget);
    return absl::OkStatus();
  });
  if (!advanced.ok()) connection_.End(std::move(advanced));
  // Other threads may still be in a call. The last one ends the session.
  if (serving_threads_.fetch_sub(1) > 1 || !connection_.ended()) return std::nullopt;
  if (phase_.exchange(Phase::kOver) == Phase::kOver) return std::nullopt;
  return End();
}

void RpycSession::AuthenticateOrServe(int request_budget) {
  const Phase phase = phase_.load();
  RPYC_ASSERT(phase != Phase::kCreated);
  if (phase == Phase::kOver) return;
  if (phase == Phase::kAuthenticating) {
    // It may have been armed twice. One thread is enough.
    if (is_authenticating_.exchange(true)) return;
    absl::Status authenticated = Authenticate(absl::InfinitePast());
    if (absl::IsDeadlineExceeded(authenticated)) {
      const Stream::Event wants = handshake_->wants;
      is_authenticating_.store(false);
      return arm_(wants);  // another thread may use the session from now on
    }
    if (!authenticated.ok()) return Refuse(std::move(authenticated));
    ChangePhase(Phase::kAuthenticating, Phase::kServing);
    if (!connection_.Open().ok()) return;
  }
  connection_.ServeArrived(request_budget);
}

void RpycSession::Tick() {
  if (phase_.load() > Phase::kAuthenticating) return connection_.Tick();
  if (absl::Now() < handshake_deadline_ || handshake_timed_out_.exchange(true)) return;
  connection_.Shutdown();  // the thread in Authenticate finds the stream shut
}

absl::Status RpycSession::End() {
  RPYC_ASSERT((number_ != 0) == (setup_->ledger != nullptr));
  setup_->watcher->Remove(this);
  connection_.Finish();
  absl::Status end = connection_.end_status();
  if (number_ != 0) end = setup_->ledger->Ended(std::exchange(number_, 0), std::move(end));
  setup_->LogEnd(peer_, end);
  return end;
}

}  // namespace rpyc
