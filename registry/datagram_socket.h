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

// A UDP socket that answers from the address it was asked at, also where it is bound to all.
// Never waits. Threads: Receive by one; Send from any.
class DatagramSocket {
 public:
  // Where a datagram came from, and to.
  struct Origin {
    SocketAddress peer;
    in_pktinfo local4 = {};   // of IPv4
    in6_pktinfo local6 = {};  // of IPv6
    bool has_local = false;
  };

  // Errors:  as SocketListener::Open.
  static absl::StatusOr<DatagramSocket> Bind(const SocketAddress& address);

  int fd() const { return fd_.get(); }
  SocketAddress address() const { return SocketAddress::OfLocal(fd_.get()); }

  enum class Received { kDatagram, kTooLong, kNothing };
  // The next one that has come; one longer than `max_bytes` is gone, but for its origin.
  Received Receive(size_t max_bytes, std::string* datagram, Origin* origin);
  // What cannot be sent now is lost, as datagrams may be.
  void Send(absl::string_view datagram, const Origin& to) const;

 private:
  explicit DatagramSocket(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_DATAGRAM_SOCKET_H_
