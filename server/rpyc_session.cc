#include "server/rpyc_session.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "server/log.h"

namespace rpyc {
namespace {

// Whether it is the peer's fault, and worth an operator's attention.
bool IsViolation(const absl::Status& end) {
  return absl::IsInvalidArgument(end) || absl::IsResourceExhausted(end);
}

}  // namespace

RpycSession::RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup)
    : setup_(std::move(setup)),
      peer_(socket.peer()),
      connection_(std::make_unique<SocketStream>(std::move(socket)), setup_->service,
                  setup_->options) {
  setup_->ledger.Began(&connection_.counters());
  Log().debug("{}: accepted {}", setup_->label, peer_);
}

RpycSession::~RpycSession() { CountEnd(); }

void RpycSession::ServeAll() {
  const absl::Status end = connection_.ServeAll();
  CountEnd();
  const spdlog::level::level_enum level =
      IsViolation(end) ? spdlog::level::warn : spdlog::level::debug;
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
