#ifndef RPYC_SERVER_NURSERY_H_
#define RPYC_SERVER_NURSERY_H_

#include <vector>

#include "rpyc/service.h"
#include "rpyc/transport/fd.h"
#include "server/server_kind.h"

namespace rpyc {

// Does all that a nursery does, the process that a zygote forks for one server. It reads the
// server's spec (nursery_spec.h), makes what the connections share, such as the TLS context, and
// then forks a process for each connection that comes by `channel` (nursery_messages.h) and reports
// how each process ends. A nursery ends when the channel is closed, and its processes end with it.
// Threads: the only one of the process.
[[noreturn]] void ServeAsNursery(Fd spec, Fd slots, Fd channel,
                                 const std::vector<Service>& services,
                                 const ServerKindTable& kinds);

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_H_
