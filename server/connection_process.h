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

// What the process of one connection does from fork to end. Its first thread serves the session; a
// second, the control thread, carries out the host's orders, reads ahead and reports. The nursery
// fills the object in before it forks, and each process has a copy.
class ConnectionProcess {
 public:
  const ServerOptions* options = nullptr;
  std::shared_ptr<SessionSetup> setup;
  std::shared_ptr<Watcher> watcher;  // the same as setup's; it has no thread of its own
  KindContext::SessionMaker make_session;

  // Does once what each process would otherwise do for a first time. Called in the nursery.
  static void WarmUp();
  // Measures how much memory the processes begin with. Called in the nursery, when it is complete.
  void MeasureStartMemory();

  // Serves the session and ends the process. Called in the process; `nursery` is its parent, and
  // the process ends with it.
  [[noreturn]] void Serve(Socket socket, ProcessSlot* slot, pid_t nursery);

 private:
  // Sets the process's parent, name, signals and limits. Called in the process.
  void SetUpProcess(pid_t nursery) const;
  // Sets the niceness and the limits of memory and CPU time. Called in the process.
  void ApplyLimits() const;

  int64_t start_bytes_ = 0;  // the private memory that a process begins with
};

}  // namespace rpyc

#endif  // RPYC_SERVER_CONNECTION_PROCESS_H_
