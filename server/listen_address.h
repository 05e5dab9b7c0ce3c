#ifndef RPYC_SERVER_LISTEN_ADDRESS_H_
#define RPYC_SERVER_LISTEN_ADDRESS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/socket_listener.h"
#include "server/server_options.h"

namespace rpyc {

// The address that `options` say to listen at, as far as that is known before listening. Fills in
// the default hostname, or the whole address of an inherited socket. May wait for a name server.
// Errors:  INVALID_FIELD - the port or backlog is out of range, there is no such host, the path is
//          invalid, or a field means nothing beside another.
absl::StatusOr<SocketAddress> ListenAddress(ServerOptions* options);

// Checks whether OpenListener could listen at the socket path now, without touching the path.
// Returns OK for every other address.
absl::Status CheckListener(const ServerOptions& options);

// Listens at the address.
// Errors:  those of SocketListener, with the reasons of WithListenReason.
absl::StatusOr<std::unique_ptr<SocketListener>> OpenListener(const ServerOptions& options,
                                                             const SocketAddress& address);

}  // namespace rpyc

#endif  // RPYC_SERVER_LISTEN_ADDRESS_H_
