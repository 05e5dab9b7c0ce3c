#ifndef RPYC_REGISTRY_REGISTRY_SERVER_H_
#define RPYC_REGISTRY_REGISTRY_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "registry/messages.h"
#include "registry/registration.h"
#include "registry/registry_hooks.h"
#include "registry/registry_store.h"
#include "rpyc/transport/endpoint.h"

namespace rpyc {

struct RegistryServerOptions {
  std::string host = "127.0.0.1";  // "::" is IPv4 too
  int port = kRegistryPort;        // 0 picks one, the same for both
  bool udp = true;
  bool tcp = true;
  bool allow_listing = false;  // answers LIST
  RegistryLimits limits = {};
};

// An RPyC registry server: UDP, TCP or both. One thread, which never waits for a peer, serves all:
// a silent, slow or garbled one costs nobody else anything.
// What is refused gets no answer, as RPyC's clients expect; a TCP connection is closed. Why is
// logged, at most once a second.
// The address that a request comes from is the server's that is registered, and only it unregisters
// what it registered: hosts behind one NAT are one to a registry, and UDP addresses can be forged
// by who is on the network. A registry is for networks whose machines trust each other.
// Borrows the store. Threads: any.
class RegistryServer {
 public:
  // Listens when it returns. Errors:  as SocketListener::Open; kInvalidArgument - no such host.
  static absl::StatusOr<std::unique_ptr<RegistryServer>> Start(const RegistryServerOptions& options,
                                                               RegistryStore* store,
                                                               const RegistryHooks& hooks);
  // Closes.
  ~RegistryServer();

  // Where it listens, with the port that was picked.
  const Endpoint& endpoint() const;

 private:
  class Loop;
  explicit RegistryServer(std::shared_ptr<Loop> loop);
  const std::shared_ptr<Loop> loop_;  // shared with its thread, and answers that are outstanding
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_SERVER_H_
