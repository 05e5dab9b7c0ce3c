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

// What a host is made of.
struct HostOptions {
  std::vector<Service> services = {};
  ServerKindTable kinds = BuiltinServerKinds();
  std::string admin_address = "";           // HOST:PORT, unix:PATH, or empty: no control plane
  std::vector<ServerOptions> servers = {};  // started in this order
  HostRegistryOptions registry = {};        // with an empty address: none
  // Bytes that all connections of all servers may hold together, received and not yet answered; 0:
  // half of the memory there is. Those that have processes of their own count in their server's.
  size_t max_total_bytes = 0;
  // Of StartZygote, with the same services and kinds: servers whose connections have processes of
  // their own need it. Several hosts may share one.
  std::shared_ptr<Zygote> zygote = nullptr;
  // Where there is none: why, for the error of a server that needs one.
  std::string why_no_zygote = "";
};

// Servers and their control plane in one process, for a program with a main loop of its own: no
// flags, no output (log_sink.h hands over the log), no signals: dispositions and mask stay as they
// are, and the host's threads take none. A process may have several, at once or one after another.
// To Start one on a unix: control plane changes the umask for a moment.
// Threads: every method from any thread.
class Host {
 public:
  // Starts everything, or, with an error that says what failed, nothing.
  static absl::StatusOr<std::unique_ptr<Host>> Start(HostOptions options);
  ~Host();

  // Closes all servers, draining for at most `drain_timeout`, then the control plane. Idempotent.
  // It waits for calls that run: where they run on the caller's own loop (Service::RunOn), that
  // loop goes on on another thread meanwhile, or first drops the tasks it was given. A call that
  // does not return even so is left behind on its thread, with all it uses (an executor that the
  // service owns, not one it borrows), and counted in servers().GetTotals().abandoned_calls: a
  // program that has any should end by _exit.
  void Close(absl::Duration drain_timeout);

  ServerDirectory& servers();
  // Where the control plane listens, with the port that was picked; empty if it is off.
  const std::string& admin_address() const;
  // The same of the discovery registry.
  const std::string& registry_address() const;

 private:
  struct Parts;
  explicit Host(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_HOST_H_
