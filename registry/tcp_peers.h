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

// The TCP side of a registry: a listener and those who have connected. One request a connection,
// then its answer, then its end. Each has a time of its own; of too many the oldest goes. Never
// waits: an epoll of the owner's tells when there is something to do.
// Wire:    one brine value each way. RPyC's server reads once, at most 1500 bytes; a request that
//          comes in pieces is put together here.
// Threads: one at a time.
class TcpPeers {
 public:
  // A whole request of connection `id`, of a peer at `source`.
  using OnRequest =
      std::function<void(uint64_t id, const std::string& source, const RegistryRequest&)>;
  // A connection that ended without an answer.
  using OnRefused = std::function<void(const std::string& source, const absl::Status& why)>;

  // Ids begin at `first_id`; the listener's in the epoll is `listener_id`.
  // Errors:  as SocketListener::Open.
  static absl::StatusOr<TcpPeers> Listen(const SocketAddress& address,
                                         const RegistryLimits& limits);

  // Has `epoll` report the listener as `listener_id` and connections as numbers from `first_id` on.
  absl::Status Watch(int epoll, uint64_t listener_id, uint64_t first_id);
  SocketAddress address() const { return SocketAddress::OfLocal(listener_.get()); }

  // The listener is ready. Answers when to ask again by itself, if descriptors have run out.
  absl::Time AcceptAll(absl::Time now, const OnRefused& on_refused);
  // Connection `id` is ready.
  void Read(uint64_t id, const OnRequest& on_request, const OnRefused& on_refused);
  // Answers `id`, unless it has gone, and ends it; without an answer where there is none.
  void Answer(uint64_t id, const absl::StatusOr<std::string>& reply, const OnRefused& on_refused);
  // Ends those whose time is over. Answers when that will be of the next.
  absl::Time Expire(absl::Time now, const OnRefused& on_refused);

 private:
  struct Peer {
    uint64_t id;
    Fd fd;
    std::string source;
    absl::Time deadline;
    std::string received;
    bool has_request = false;  // the request is there, the answer not yet
  };
  using Peers = std::list<Peer>;

  TcpPeers(Fd listener, const RegistryLimits& limits)
      : listener_(std::move(listener)), limits_(limits) {}
  void End(Peers::iterator peer, const absl::Status& why, const OnRefused& on_refused);
  // Watches the listener or, where no descriptor is to be had, does not.
  void SetListening(bool listening);

  Fd listener_;
  RegistryLimits limits_;
  int epoll_ = -1;
  uint64_t listener_id_ = 0;
  uint64_t next_id_ = 0;
  bool listening_ = false;
  Peers peers_;  // the oldest first
  std::unordered_map<uint64_t, Peers::iterator> by_id_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_TCP_PEERS_H_
