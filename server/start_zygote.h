#ifndef RPYC_SERVER_START_ZYGOTE_H_
#define RPYC_SERVER_START_ZYGOTE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "rpyc/service.h"
#include "server/server_kind.h"
#include "server/server_kinds.h"
#include "server/zygote.h"

namespace rpyc {

// Forks the zygote, from which the processes of connections are made, for HostOptions::zygote.
// HostMain does so by itself. A program without HostMain calls this first in main: it must have one
// thread, and the processes do not see what it opens, starts or computes later. They serve
// `services` as those are now: an object that clients share (Service::Shared) is, in each
// connection's process, a copy from this moment.
//
// None of these processes outlives the program, whatever ends it. They ignore SIGINT, SIGTERM and
// SIGHUP, which a terminal sends to all of its processes. They keep stdin, stdout, stderr and the
// descriptors that the services have, but no listening socket.
//
// A zygote that dies is replaced only if `respawn` makes another (HostMain's runs the program
// anew). Without one, running servers go on, and a further server of such a kind is refused with
// KIND_UNAVAILABLE.
// Errors:  kFailedPrecondition - the program has threads; kResourceExhausted.
absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds = BuiltinServerKinds());
absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds, Zygote::Respawn respawn);

}  // namespace rpyc

#endif  // RPYC_SERVER_START_ZYGOTE_H_
