#ifndef RPYC_SERVER_LOG_OUTPUT_H_
#define RPYC_SERVER_LOG_OUTPUT_H_

#include <spdlog/logger.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/log_level.h"

namespace rpyc {

// What is behind log.h: the spdlog logger named "rpyc", to stderr. Says nothing until its level is
// set. Never destroyed, so that threads which outlive main may log. Threads: any.
spdlog::logger& LogOutput();

spdlog::level::level_enum SpdlogLevel(LogLevel level);

// Where it writes from now on. What a former one is being written returns first. Threads: any.
void SetLogSinks(std::vector<spdlog::sink_ptr> sinks);

// As LogInBackground and FlushLog (log.h).
absl::Status WriteLogInBackground();
bool FlushLogOutput(absl::Duration timeout);

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_OUTPUT_H_
