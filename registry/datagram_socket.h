#ifndef RPYC_REGISTRY_DATAGRAM_SOCKET_H_
#define RPYC_REGISTRY_DATAGRAM_SOCKET_H_

#include <netinet/in.h>

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

// A UDP socket that sends each answer from the address that the request was sent to, also when it
// is bound to all addresses of the machine. Never waits.
// Threads: Receive by one thread; Send by any.
class DatagramSocket {
 public:
  // The address that a datagram came from, and the local address that it was sent to.
  struct Origin {
    SocketAddress peer;
    in_pktinfo local4 = {};   // set for IPv4
    in6_pktinfo local6 = {};  // set for IPv6
    bool has_local = false;   // whether one of the two is set
  };

  // Errors:  as SocketListener::Open.
  static absl::StatusOr<DatagramSocket> Bind(const SocketAddress& address);

  int fd() const { return fd_.get(); }
  SocketAddress address() const { return SocketAddress::OfLocal(fd_.get()); }

  enum class Received { kDatagram, kTooLong, kNothing };
  // Takes the next datagram from the kernel. Of one that is longer than `max_bytes` only the origin
  // is set, and the datagram is dropped.
  Received Receive(size_t max_bytes, std::string* datagram, Origin* origin);
  // Sends a datagram, or drops it if the kernel cannot take it now.
  void Send(absl::string_view datagram, const Origin& to) const;

 private:
  explicit DatagramSocket(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_DATAGRAM_SOCKET_H_
