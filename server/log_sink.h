#ifndef RPYC_SERVER_LOG_SINK_H_
#define RPYC_SERVER_LOG_SINK_H_

#include <functional>

#include "absl/strings/string_view.h"
#include "registry/log_level.h"

namespace rpyc {

// Receives a line of a host's log, without a newline. It must not throw, must not call into a host,
// and must not wait, since the threads that log serve clients.
using LogSink = std::function<void(LogLevel level, absl::string_view line)>;

// Hands the log of this process's hosts, from `min_level` on, to the program's own log.
// An embedded host is silent until then; an empty `sink` makes it silent again.
// Threads: any. The hosts' threads call `sink`, one at a time, and not after a later SetLogSink has
//          returned.
void SetLogSink(LogLevel min_level, LogSink sink);

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_SINK_H_
