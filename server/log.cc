#include "server/log.h"

#include "server/log_output.h"

namespace rpyc {

bool Logs(LogLevel level) { return LogOutput().should_log(SpdlogLevel(level)); }

void Log(LogLevel level, absl::string_view line) {
  LogOutput().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

bool IsLogLevelName(const std::string& name) {
  return name == "off" || spdlog::level::from_str(name) != spdlog::level::off;
}

absl::Status LogInBackground() { return WriteLogInBackground(); }

bool FlushLog(absl::Duration timeout) { return FlushLogOutput(timeout); }

void SetLogLevel(const std::string& name) { LogOutput().set_level(spdlog::level::from_str(name)); }

}  // namespace rpyc
