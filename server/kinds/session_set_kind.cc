#include "server/kinds/session_set_kind.h"

#include <utility>

namespace rpyc {

absl::Status SessionSetKind::Start(const KindContext& context) {
  make_session_ = context.make_session;
  return absl::OkStatus();
}

absl::Status SessionSetKind::Drain(absl::Time deadline) {
  sessions_->Drain(deadline);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Session>> SessionSetKind::AddSession(Socket socket) {
  std::shared_ptr<Session> session = make_session_(std::move(socket));
  if (!sessions_->Add(session)) return ServerIsClosing();
  return session;
}

}  // namespace rpyc
