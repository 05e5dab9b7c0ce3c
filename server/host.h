#ifndef RPYC_SERVER_HOST_H_
#define RPYC_SERVER_HOST_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/service.h"
#include "server/host_registry_options.h"
#include "server/server_directory.h"
#include "server/server_kind.h"
#include "server/server_kinds.h"
#include "server/server_options.h"
#include "server/zygote.h"

namespace rpyc {

// Describes a host.
struct HostOptions {
  std::vector<Service> services = {};
  ServerKindTable kinds = BuiltinServerKinds();
  std::string admin_address = "";           // HOST:PORT, unix:PATH, or empty: no control plane
  std::vector<ServerOptions> servers = {};  // started in this order
  HostRegistryOptions registry = {};        // with an empty address: no registry
  // Bytes that all connections of all servers may hold together, received and not yet answered; 0
  // is DefaultTotalBytes(). Connections with processes of their own count only for their server.
  size_t max_total_bytes = 0;
  // The result of StartZygote with the same services and kinds. Servers whose connections have
  // processes of their own need it. Several hosts may share one.
  std::shared_ptr<Zygote> zygote = nullptr;
  // Without a zygote: the reason, for the error of a server that needs one.
  std::string why_no_zygote = "";
};

// Servers and their control plane in one process, for a program with a main loop of its own. A host
// reads no flags and prints nothing; SetLogSink (log_sink.h) hands its log to the program. It
// leaves the program's signal handlers and mask as they are, and its threads block signals. A
// process may have several hosts, at the same time or one after another. Start with a control plane
// at unix:PATH changes the umask of the process for a moment.
// Threads: every method from any thread.
class Host {
 public:
  // Starts everything, or nothing.
  // Errors:  that of the part that failed, which the message names.
  static absl::StatusOr<std::unique_ptr<Host>> Start(HostOptions options);
  ~Host();

  // Closes all servers, draining for at most `drain_timeout`, then the control plane. Idempotent.
  // Close waits for calls that run. If they run on the program's own loop (Service::RunOn), that
  // loop must continue on another thread meanwhile, or drop its tasks before. A call that still
  // does not return is abandoned: it keeps its thread and everything that it uses (an executor that
  // the service owns, but not one that it borrows), and servers().GetTotals().abandoned_calls
  // counts it. A program with abandoned calls should end by _exit.
  void Close(absl::Duration drain_timeout);

  ServerDirectory& servers();
  // The address of the control plane, with the port that was picked; empty if there is none.
  const std::string& admin_address() const;
  // The address of the discovery registry, with the port that was picked; empty if there is none.
  const std::string& registry_address() const;

 private:
  struct Parts;
  explicit Host(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_H_
