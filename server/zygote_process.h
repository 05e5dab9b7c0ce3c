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

// Whether this process may fork a zygote. Errors:  kFailedPrecondition - it has threads.
absl::Status CheckNoThreads();

// What a zygote does, to its end: forks nurseries for the program at the other end of `channel`,
// until that has gone. The process has one thread.
[[noreturn]] void ServeAsZygote(Fd channel, const std::vector<Service>& services,
                                const ServerKindTable& kinds);

// Makes a zygote of a program that has threads: runs the program's own file anew with `argv`, which
// HostMain finds to be one by InheritedZygoteChannel. It gets stdin, stdout, stderr and no other
// descriptor. Errors:  kResourceExhausted; kUnavailable - the file cannot be run.
absl::StatusOr<Zygote::Process> ExecZygote(const std::vector<std::string>& argv);

// The channel of a process that ExecZygote has made, once; nullopt in any other.
std::optional<Fd> InheritedZygoteChannel();

}  // namespace rpyc

#endif  // RPYC_SERVER_ZYGOTE_PROCESS_H_
