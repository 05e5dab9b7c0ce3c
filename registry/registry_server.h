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
  std::string host = "127.0.0.1";  // "::" takes IPv4 too
  int port = kRegistryPort;        // 0 picks one, the same for UDP and TCP
  bool udp = true;
  bool tcp = true;
  bool allow_listing = false;  // answers LIST
  RegistryLimits limits = {};
};

// An RPyC registry server over UDP, TCP or both. One thread serves all peers and waits for none, so
// a silent, slow or garbled peer delays no other.
// A refused request gets no answer, as RPyC's clients expect; a TCP connection is closed. The log
// says why, at most once a second.
// The registry registers a server at the address that the request comes from, and only requests
// from that address unregister it. So hosts behind one NAT are one host to a registry, and a
// machine on the network can forge an address over UDP: the machines of the network must trust each
// other.
// Owns:    one thread; borrows the store.
// Threads: any.
class RegistryServer {
 public:
  // Starts a registry server, which listens when this returns.
  // Errors:  those of SocketListener::Open; kInvalidArgument - no such host.
  static absl::StatusOr<std::unique_ptr<RegistryServer>> Start(const RegistryServerOptions& options,
                                                               RegistryStore* store,
                                                               const RegistryHooks& hooks);
  // Stops serving and waits for the thread to end.
  ~RegistryServer();

  // The address that it listens at, with the port that was picked.
  const Endpoint& endpoint() const;

 private:
  class Loop;  // the sockets, and the thread's loop over them
  explicit RegistryServer(std::shared_ptr<Loop> loop);
  const std::shared_ptr<Loop> loop_;  // shared with its thread and with outstanding answers
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_REGISTRY_SERVER_H_
