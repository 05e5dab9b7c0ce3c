#ifndef RPYC_SERVER_KINDS_FORKING_H_
#define RPYC_SERVER_KINDS_FORKING_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves each connection in a process of its own, as RPyC's ForkingServer does, beside the threads
// that a host has: the processes are forked by a nursery, one for each server, which comes of the
// program's zygote (start_zygote.h). An accepted socket goes to the nursery, and the host keeps a
// duplicate, to shut it whatever its process does. Once the processes have been given their time,
// Drain kills those that are left.
// Source:  RPyC utils/server.py, ForkingServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeForkingKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FORKING_H_
