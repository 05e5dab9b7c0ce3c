#ifndef RPYC_SERVER_KINDS_FORKING_H_
#define RPYC_SERVER_KINDS_FORKING_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves each connection in a process of its own, as RPyC's ForkingServer does. A host has threads
// and so cannot fork: a nursery forks the processes, one nursery for each server, and the program's
// zygote forks the nurseries (start_zygote.h). An accepted socket goes to the nursery, and the host
// keeps a duplicate, to shut it whatever its process does. Drain gives the processes time to end,
// and kills those that are left.
// Source:  RPyC utils/server.py, ForkingServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeForkingKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FORKING_H_
