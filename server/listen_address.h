#ifndef RPYC_SERVER_LISTEN_ADDRESS_H_
#define RPYC_SERVER_LISTEN_ADDRESS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "server/server_options.h"

namespace rpyc {

// Where `options` say to listen, as far as that can be told before it is tried. Fills in what
// follows: the default hostname, or the whole address of an inherited socket. May wait for a name
// server.
// Errors:  INVALID_FIELD - a port or backlog out of range, no such host, a path that is none, a
//          field that means nothing beside another.
absl::StatusOr<SocketAddress> ListenAddress(ServerOptions* options);

// What OpenListener would say now of a socket path, which is not touched; OK of every other
// address.
absl::Status CheckListener(const ServerOptions& options);

// Listens there. Errors:  those of SocketListener, with the contract's reasons.
absl::StatusOr<std::unique_ptr<SocketListener>> OpenListener(const ServerOptions& options,
                                                             const SocketAddress& address);

}  // namespace rpyc

#endif  // RPYC_SERVER_LISTEN_ADDRESS_H_
