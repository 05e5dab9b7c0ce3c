#ifndef RPYC_SERVER_LOG_OUTPUT_H_
#define RPYC_SERVER_LOG_OUTPUT_H_

#include <spdlog/logger.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "registry/log_level.h"

namespace rpyc {

// The spdlog logger behind log.h. It is named "rpyc", writes to stderr, and is silent until its
// level is set. It is never destroyed, so that threads that outlive main may log.
// Threads: any.
spdlog::logger& LogOutput();

spdlog::level::level_enum SpdlogLevel(LogLevel level);

// Sets the sinks that it writes to from now on. Waits until the former ones no longer write.
// Threads: any.
void SetLogSinks(std::vector<spdlog::sink_ptr> sinks);

// LogInBackground and FlushLog of log.h.
absl::Status WriteLogInBackground();
bool FlushLogOutput(absl::Duration timeout);

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_OUTPUT_H_
