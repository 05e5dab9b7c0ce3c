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

// Forks the process that connections of kinds with processes of their own are made from, for
// HostOptions::zygote. HostMain does it by itself; a program without it calls this first in main:
// it has to have one thread, and what it opens, starts or computes later those processes do not
// have. `services` are served there as they are now: an object that clients share (Service::Shared)
// is, for each of their connections, a copy of this moment's.
//
// None of these processes outlives the program, whatever ends it. They take no SIGINT, SIGTERM and
// SIGHUP, which a terminal sends to all; they keep stdin, stdout and stderr, and what descriptors
// the services have, but no listening socket.
//
// A zygote that dies is not replaced, unless `respawn` makes another (HostMain's runs the program
// anew): servers go on, and others of those kinds are refused with KIND_UNAVAILABLE.
// Errors:  kFailedPrecondition - the program has threads; kResourceExhausted.
absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds = BuiltinServerKinds());
absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds, Zygote::Respawn respawn);

}  // namespace rpyc

#endif  // RPYC_SERVER_START_ZYGOTE_H_
