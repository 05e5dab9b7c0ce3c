#include "server/kinds/one_shot.h"

#include <memory>
#include <utility>

#include "server/kinds/session_set_kind.h"

namespace rpyc {
namespace {

class OneShotKind : public SessionSetKind {
 public:
  absl::Status Admit(Socket socket) override {
    const absl::StatusOr<std::shared_ptr<Session>> session = AddSession(std::move(socket));
    if (!session.ok()) return session.status();
    // Where a call never returns, this thread outlives the kind: it uses only what it owns.
    const std::shared_ptr<SessionSet> sessions = this->sessions();
    (*session)->ServeAll().IgnoreError();  // the session has logged how it ended
    sessions->Remove(*session);
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<ServerKind> MakeOneShotKind() { return std::make_unique<OneShotKind>(); }

}  // namespace rpyc
