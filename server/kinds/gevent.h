#ifndef RPYC_SERVER_KINDS_GEVENT_H_
#define RPYC_SERVER_KINDS_GEVENT_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves all connections with fibers on one thread or a few, as RPyC's GeventServer does with
// greenlets. A call that waits by our own means (a callback, rpyc::SleepFor, a call through our
// client, rpyc::CondVar) holds up no other call; a call that blocks its thread holds up its whole
// loop. An idle connection has no fiber, no stack and no buffer. A connection stays on its loop,
// and so does all that runs for it.
// Source:  RPyC utils/server.py, GeventServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeGeventKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_GEVENT_H_
