#ifndef RPYC_TRANSPORT_LISTEN_ERROR_H_
#define RPYC_TRANSPORT_LISTEN_ERROR_H_

#include "absl/status/status.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {

// Whether `error`, an errno, says that descriptors or memory have run out.
bool IsExhausted(int error);

// The status of SocketListener::Open where a system call failed with `error`: "cannot listen on
// ...".
absl::Status ListenError(const SocketAddress& address, int error);

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_LISTEN_ERROR_H_
