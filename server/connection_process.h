#ifndef RPYC_SERVER_CONNECTION_PROCESS_H_
#define RPYC_SERVER_CONNECTION_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "rpyc/transport/socket.h"
#include "server/process_slots.h"
#include "server/rpyc_session.h"
#include "server/server_kind.h"
#include "server/server_options.h"
#include "server/watcher.h"

namespace rpyc {

// What the process of one connection does from fork to end: it serves its session on its only
// thread, while a second obeys the host's orders, reads ahead and reports. A copy of it is in the
// nursery, which fills it in before the first fork.
class ConnectionProcess {
 public:
  const ServerOptions* options = nullptr;
  std::shared_ptr<SessionSetup> setup;
  std::shared_ptr<Watcher> watcher;  // setup's; has no thread
  KindContext::SessionMaker make_session;

  // In the nursery: does for the first time, once, what each of its processes would have to.
  static void WarmUp();
  // In the nursery, once all is there: how much memory its processes begin with.
  void MeasureStartMemory();

  // In the process: serves, and ends it. `nursery` is its parent, without which it ends.
  [[noreturn]] void Serve(Socket socket, ProcessSlot* slot, pid_t nursery);

 private:
  void SetUpProcess(pid_t nursery) const;
  void ApplyLimits() const;

  int64_t start_bytes_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_CONNECTION_PROCESS_H_
