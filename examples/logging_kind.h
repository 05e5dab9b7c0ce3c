#ifndef RPYC_EXAMPLES_LOGGING_KIND_H_
#define RPYC_EXAMPLES_LOGGING_KIND_H_

#include "server/server_kind.h"

namespace examples {

// Makes a server kind of the program's own, as a row for its table: it serves as `base` does, and
// logs on stderr each client that connects and how that ended. In RPyC this is a subclass of
// ThreadedServer that overrides _authenticate_and_serve_client.
rpyc::ServerKindInfo LoggingKind(const rpyc::ServerKindInfo& base);

}  // namespace examples

#endif  // RPYC_EXAMPLES_LOGGING_KIND_H_
