#ifndef RPYC_TRANSPORT_PEER_INFO_H_
#define RPYC_TRANSPORT_PEER_INFO_H_

#include "rpyc/authenticator.h"
#include "rpyc/transport/socket.h"

namespace rpyc {

// Returns what a socket tells of its two ends. The certificate is not part of that.
PeerInfo PeerInfoOf(const Socket& socket);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_PEER_INFO_H_
