#ifndef RPYC_TRANSPORT_PEER_INFO_H_
#define RPYC_TRANSPORT_PEER_INFO_H_

#include "rpyc/authenticator.h"
#include "rpyc/transport/socket.h"

namespace rpyc {

// What a socket tells of both its ends; of the certificate it knows nothing.
PeerInfo PeerInfoOf(const Socket& socket);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_PEER_INFO_H_
