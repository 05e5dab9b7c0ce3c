#ifndef RPYC_SERVER_LOG_H_
#define RPYC_SERVER_LOG_H_

#include <spdlog/spdlog.h>

#include <vector>

namespace rpyc {

// Where the server layer logs: the spdlog logger named "rpyc", to stderr. Says nothing until its
// level is set: HostMain does, from --log_level; an embedding program has log_sink.h. Never
// destroyed, so that threads which outlive main may log. Threads: any.
spdlog::logger& Log();

// Where it writes from now on. What a former one is being written returns first. Threads: any.
void SetLogSinks(std::vector<spdlog::sink_ptr> sinks);

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_H_
