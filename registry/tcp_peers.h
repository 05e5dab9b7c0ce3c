#ifndef RPYC_REGISTRY_TCP_PEERS_H_
#define RPYC_REGISTRY_TCP_PEERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/messages.h"
#include "registry/registration.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

// The TCP side of a registry: a listener and its connections. A connection carries one request and
// its answer, and is then closed. Each has a deadline of its own; when there are too many, the
// oldest is closed. Never waits: the owner's epoll tells when a descriptor is ready.
// Wire:    one brine value each way. A request may arrive in pieces, up to 1500 bytes; RPyC's own
//          server reads only once.
// Threads: one at a time.
class TcpPeers {
 public:
  // Called with the complete request of connection `id`, of a peer at `source`.
  using OnRequest =
      std::function<void(uint64_t id, const std::string& source, const RegistryRequest&)>;
  // Called when a connection has ended without an answer.
  using OnRefused = std::function<void(const std::string& source, const absl::Status& why)>;

  // Errors:  those of SocketListener::Open.
  static absl::StatusOr<TcpPeers> Listen(const SocketAddress& address,
                                         const RegistryLimits& limits);

  // Adds the listener to `epoll` as `listener_id`, and connections as numbers from `first_id` on.
  absl::Status Watch(int epoll, uint64_t listener_id, uint64_t first_id);
  SocketAddress address() const { return SocketAddress::OfLocal(listener_.get()); }

  // Accepts the connections that wait; called when the listener is ready. Returns when to call it
  // again although epoll does not report it, which happens when descriptors have run out.
  absl::Time AcceptAll(absl::Time now, const OnRefused& on_refused);
  // Reads from connection `id`; called when it is ready.
  void Read(uint64_t id, const OnRequest& on_request, const OnRefused& on_refused);
  // Sends the reply, if it is one, to connection `id`, unless that has ended, and ends it.
  void Answer(uint64_t id, const absl::StatusOr<std::string>& reply, const OnRefused& on_refused);
  // Ends the connections whose deadline has passed. Returns the next deadline.
  absl::Time Expire(absl::Time now, const OnRefused& on_refused);

 private:
  struct Peer {
    uint64_t id;
    Fd fd;
    std::string source;
    absl::Time deadline;
    std::string received;
    bool has_request = false;  // its request is complete, and its answer is awaited
  };
  using Peers = std::list<Peer>;

  TcpPeers(Fd listener, const RegistryLimits& limits)
      : listener_(std::move(listener)), limits_(limits) {}
  // Ends a connection without an answer.
  void End(Peers::iterator peer, const absl::Status& why, const OnRefused& on_refused);
  // Adds the listener to the epoll, or removes it while the process has no descriptor to accept
  // with.
  void SetListening(bool listening);

  Fd listener_;
  RegistryLimits limits_;
  int epoll_ = -1;
  uint64_t listener_id_ = 0;
  uint64_t next_id_ = 0;
  bool listening_ = false;
  Peers peers_;  // oldest first
  std::unordered_map<uint64_t, Peers::iterator> by_id_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_TCP_PEERS_H_
