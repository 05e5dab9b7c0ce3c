#ifndef RPYC_SERVER_LOG_SINK_H_
#define RPYC_SERVER_LOG_SINK_H_

#include <functional>

#include "absl/strings/string_view.h"
#include "server/log_level.h"

namespace rpyc {

// Takes a line of a host's log, without a newline. It must not throw, and not call into a host; nor
// wait, as the threads that log serve clients.
using LogSink = std::function<void(LogLevel level, absl::string_view line)>;

// Hands what the hosts of this process have to say, from `least` on, to the program's own log.
// An embedded host is silent until then; an empty `sink` makes it so again.
// Threads: any. `sink` is called by threads of the hosts, by one at a time, and not again once a
// later SetLogSink has returned.
void SetLogSink(LogLevel min_level, LogSink sink);

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_SINK_H_
