#ifndef RPYC_SERVER_ZYGOTE_PROCESS_H_
#define RPYC_SERVER_ZYGOTE_PROCESS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/service.h"
#include "rpyc/transport/fd.h"
#include "server/server_kind.h"
#include "server/zygote.h"

namespace rpyc {

// Checks that this process may fork a zygote.
// Errors:  kFailedPrecondition - it has threads.
absl::Status CheckNoThreads();

// Does all that a zygote does: forks nurseries for the program at the other end of `channel`, until
// the program has gone.
// Threads: the only one of the process.
[[noreturn]] void ServeAsZygote(Fd channel, const std::vector<Service>& services,
                                const ServerKindTable& kinds);

// Makes a zygote for a program that has threads: runs the program's own file anew with `argv`.
// There HostMain finds by InheritedZygoteChannel that it is to be a zygote. It gets stdin, stdout,
// stderr and no other descriptor but the channel.
// Errors:  kResourceExhausted; kUnavailable - the file cannot be run.
absl::StatusOr<Zygote::Process> ExecZygote(const std::vector<std::string>& argv);

// Takes the channel of a process that ExecZygote has made. Nullopt: it is another process, or the
// channel has been taken.
std::optional<Fd> InheritedZygoteChannel();

}  // namespace rpyc

#endif  // RPYC_SERVER_ZYGOTE_PROCESS_H_
