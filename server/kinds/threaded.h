#ifndef RPYC_SERVER_KINDS_THREADED_H_
#define RPYC_SERVER_KINDS_THREADED_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves each connection on a thread of its own, as RPyC's ThreadedServer does.
// Source:  RPyC utils/server.py, ThreadedServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeThreadedKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_THREADED_H_
