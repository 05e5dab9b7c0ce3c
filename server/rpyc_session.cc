#include "server/rpyc_session.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rpyc/protocol_config.h"
#include "server/log.h"

namespace rpyc {
namespace {

// Whether it is worth an operator's attention: the peer's fault, or on_connect's.
bool IsWorthAWarning(const absl::Status& end) {
  return absl::IsInvalidArgument(end) || absl::IsResourceExhausted(end) ||
         absl::IsFailedPrecondition(end);
}

// Who is at the other end, for the log: "127.0.0.1:53422", with the operator's label if there is
// one.
std::string NameOf(const Socket& socket, const ProtocolConfig& config) {
  if (config.connid.empty()) return socket.peer();
  return absl::StrCat(socket.peer(), " (", absl::Utf8SafeCEscape(config.connid), ")");
}

}  // namespace

RpycSession::RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup)
    : setup_(std::move(setup)),
      peer_(NameOf(socket, setup_->options.config)),
      connection_(std::make_unique<SocketStream>(std::move(socket)), &setup_->service,
                  &setup_->options, peer_) {
  setup_->ledger.Began(&connection_.counters());
  Log().debug("{}: accepted {}", setup_->label, peer_);
}

RpycSession::~RpycSession() { CountEnd(); }

void RpycSession::ServeAll() {
  setup_->watcher->Add(&connection_);
  const absl::Status end = connection_.ServeAll();
  setup_->watcher->Remove(&connection_);
  CountEnd();
  const spdlog::level::level_enum level =
      IsWorthAWarning(end) ? spdlog::level::warn : spdlog::level::debug;
  if (Log().should_log(level)) {
    Log().log(level, "{}: goodbye {}{}{}", setup_->label, peer_, end.ok() ? "" : ": ",
              absl::Utf8SafeCEscape(end.message()));  // may quote the peer
  }
}

void RpycSession::CountEnd() {
  if (!counted_) return;
  counted_ = false;
  setup_->ledger.Ended(&connection_.counters());
}

}  // namespace rpyc
