#ifndef RPYC_SERVER_KINDS_ONE_SHOT_H_
#define RPYC_SERVER_KINDS_ONE_SHOT_H_

#include <memory>

#include "server/server_kind.h"

namespace rpyc {

// Serves one connection on the thread that accepted it, as RPyC's OneShotServer does. The server
// closes when that connection has ended, because the kind has the trait one_connection.
// Source:  RPyC utils/server.py, OneShotServer, 5.3.1 and 6.0.2.
std::unique_ptr<ServerKind> MakeOneShotKind();

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_ONE_SHOT_H_
