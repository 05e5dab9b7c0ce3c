#ifndef RPYC_SERVER_KINDS_SESSION_SET_KIND_H_
#define RPYC_SERVER_KINDS_SESSION_SET_KIND_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/kinds/session_set.h"
#include "server/server_kind.h"
#include "server/session.h"

namespace rpyc {

// The base of the kinds that serve their sessions in this process: it makes the sessions, keeps
// them in a set, drains and counts them. A kind that needs more overrides these and calls them.
// Threads: as ServerKind.
class SessionSetKind : public ServerKind {
 public:
  absl::Status Start(const KindContext& context) override;
  absl::Status Drain(absl::Time deadline) override;
  ServerKindStats Stats() const override { return sessions_->Stats(); }

 protected:
  // Makes the session of `socket` and adds it to the set; the caller removes it when it has ended.
  // Errors:  kCancelled - the kind is being drained.
  absl::StatusOr<std::shared_ptr<Session>> AddSession(Socket socket);
  // The set. It outlives the kind where a call never returns: what serves shares it.
  const std::shared_ptr<SessionSet>& sessions() const { return sessions_; }

 private:
  KindContext::SessionMaker make_session_;  // constant once started
  const std::shared_ptr<SessionSet> sessions_ = std::make_shared<SessionSet>();
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_SESSION_SET_KIND_H_
