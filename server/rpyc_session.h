#ifndef RPYC_SERVER_RPYC_SESSION_H_
#define RPYC_SERVER_RPYC_SESSION_H_

#include <memory>
#include <string>
#include <utility>

#include "rpyc/connection.h"
#include "rpyc/service.h"
#include "rpyc/transport/socket.h"
#include "server/session.h"
#include "server/session_ledger.h"
#include "server/watcher.h"

namespace rpyc {

// What all sessions of a server have in common; kept alive by them.
struct SessionSetup {
  SessionSetup(Service service, Connection::Options options, std::shared_ptr<Watcher> watcher)
      : service(std::move(service)), options(std::move(options)), watcher(std::move(watcher)) {}

  const Service service;
  const Connection::Options options;
  const std::shared_ptr<Watcher> watcher;
  std::string
      label;  // of the server, for the log: "ECHO/18861" as RPyC; set before the first session
  SessionLedger ledger;
};

// The Session of an ordinary RPyC connection. Counts itself in the ledger, logs how it ended.
class RpycSession : public Session {
 public:
  RpycSession(Socket socket, std::shared_ptr<SessionSetup> setup);
  ~RpycSession() override;

  void ServeAll() override;
  void Drain(absl::Time deadline) override { connection_.Drain(deadline); }
  void Shutdown() override { connection_.Shutdown(); }
  bool busy() const override { return connection_.busy(); }

 private:
  void CountEnd();

  const std::shared_ptr<SessionSetup> setup_;
  const std::string peer_;
  bool counted_ = true;  // as open; of the thread that serves, then of the destructor's
  Connection connection_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_RPYC_SESSION_H_
