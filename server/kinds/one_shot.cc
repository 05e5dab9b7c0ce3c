#include "server/kinds/one_shot.h"

#include <functional>
#include <utility>

#include "server/kinds/session_set.h"

namespace rpyc {
namespace {

class OneShotKind : public ServerKind {
 public:
  absl::Status Start(const KindContext& context) override {
    make_session_ = context.make_session;
    return absl::OkStatus();
  }

  absl::Status Admit(Socket socket) override {
    // A call that never returns keeps this thread, and what is its own, when the kind has gone.
    const std::shared_ptr<SessionSet> sessions = sessions_;
    const std::shared_ptr<Session> session = make_session_(std::move(socket));
    if (!sessions->Add(session)) return absl::CancelledError("the server is closing");
    session->ServeAll().IgnoreError();  // it has said itself how it ended
    sessions->Remove(session);
    return absl::OkStatus();
  }

  absl::Status Drain(absl::Time deadline) override {
    sessions_->Drain(deadline);
    return absl::OkStatus();
  }

  ServerKindStats Stats() const override { return sessions_->Stats(); }

 private:
  std::function<std::shared_ptr<Session>(Socket)> make_session_;
  const std::shared_ptr<SessionSet> sessions_ = std::make_shared<SessionSet>();
};

}  // namespace

std::unique_ptr<ServerKind> MakeOneShotKind() { return std::make_unique<OneShotKind>(); }

}  // namespace rpyc
