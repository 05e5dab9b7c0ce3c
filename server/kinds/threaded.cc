#include "server/kinds/threaded.h"

#include <memory>
#include <utility>

#include "server/kinds/session_set_kind.h"
#include "server/thread.h"

namespace rpyc {
namespace {

class ThreadedKind : public SessionSetKind {
 public:
  absl::Status Admit(Socket socket) override {
    const absl::StatusOr<std::shared_ptr<Session>> session = AddSession(std::move(socket));
    if (!session.ok()) return session.status();
    absl::Status started = StartThread([sessions = sessions(), session = *session] {
      session->ServeAll().IgnoreError();  // the session has logged how it ended
      sessions->Remove(session);
    });
    if (!started.ok()) sessions()->Remove(*session);
    return started;
  }
};

}  // namespace

std::unique_ptr<ServerKind> MakeThreadedKind() { return std::make_unique<ThreadedKind>(); }

}  // namespace rpyc
