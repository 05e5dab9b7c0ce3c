#ifndef RPYC_SERVER_NURSERY_H_
#define RPYC_SERVER_NURSERY_H_

#include <vector>

#include "rpyc/service.h"
#include "rpyc/transport/fd.h"
#include "server/server_kind.h"

namespace rpyc {

// What a process that a zygote has forked for one server does, to its end: reads the server's spec
// (nursery_spec.h), makes what its connections have in common, among it the TLS context, and then
// forks a process for each connection that comes by `channel` (nursery_messages.h), and reports how
// each ends. It has one thread. Its processes end when it does, and it when the channel closes.
[[noreturn]] void ServeAsNursery(Fd spec, Fd slots, Fd channel,
                                 const std::vector<Service>& services,
                                 const ServerKindTable& kinds);

}  // namespace rpyc

#endif  // RPYC_SERVER_NURSERY_H_
