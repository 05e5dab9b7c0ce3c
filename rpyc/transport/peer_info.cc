#include "rpyc/transport/peer_info.h"

#include <sys/socket.h>

#include "rpyc/transport/socket_address.h"

namespace rpyc {

PeerInfo PeerInfoOf(const Socket& socket) {
  PeerInfo info;
  info.local = SocketAddress::OfLocal(socket.fd()).ToString();
  info.peer = socket.peer();
  if (socket.tcp()) return info;
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    info.unix_credentials = {credentials.pid, credentials.uid, credentials.gid};
  }
  return info;
}

}  // namespace rpyc
