#include "server/kinds/threaded.h"

#include <functional>
#include <utility>

#include "server/kinds/session_set.h"
#include "server/thread.h"

namespace rpyc {
namespace {

class ThreadedKind : public ServerKind {
 public:
  absl::Status Start(const KindContext& context) override {
    make_session_ = context.make_session;
    return absl::OkStatus();
  }

  absl::Status Admit(Socket socket) override {
    std::shared_ptr<Session> session = make_session_(std::move(socket));
    if (!sessions_->Add(session)) return absl::CancelledError("the server is closing");
    absl::Status started = StartThread([sessions = sessions_, session] {
      session->ServeAll().IgnoreError();  // it has said itself how it ended
      sessions->Remove(session);
    });
    if (!started.ok()) sessions_->Remove(session);
    return started;
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

std::unique_ptr<ServerKind> MakeThreadedKind() { return std::make_unique<ThreadedKind>(); }

}  // namespace rpyc
