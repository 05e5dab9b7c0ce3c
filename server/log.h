#ifndef RPYC_SERVER_LOG_H_
#define RPYC_SERVER_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/log_level.h"

namespace rpyc {

// Where the server layer logs: lines on stderr, by spdlog, whose headers take longer to compile
// than most of what logs. Says nothing until its level is set: HostMain does, from --log_level; an
// embedding program has log_sink.h. Threads: any.

bool Logs(LogLevel level);
void Log(LogLevel level, absl::string_view line);

// The least level that is logged, as spdlog names it, or "off".
bool IsLogLevelName(const std::string& name);
void SetLogLevel(const std::string& name);

// Has lines written to stderr by a thread of the log's own from now on: whoever logs never waits
// for the reader of stderr, and lines that it does not take are lost and counted (LineWriter). For
// HostMain, once; a program that embeds a host has its own sink. Errors:  kResourceExhausted - no
// thread: lines are written by the threads that log.
absl::Status LogInBackground();
// Waits until all lines so far are written, for at most so long. False if they are not.
bool FlushLog(absl::Duration timeout);

// One line of `parts`, which are put together, as by absl::StrCat, only if it is logged.
template <typename... Parts>
void LogDebug(const Parts&... parts) {
  if (Logs(LogLevel::kDebug)) Log(LogLevel::kDebug, absl::StrCat(parts...));
}
template <typename... Parts>
void LogInfo(const Parts&... parts) {
  if (Logs(LogLevel::kInfo)) Log(LogLevel::kInfo, absl::StrCat(parts...));
}
template <typename... Parts>
void LogWarning(const Parts&... parts) {
  if (Logs(LogLevel::kWarning)) Log(LogLevel::kWarning, absl::StrCat(parts...));
}
template <typename... Parts>
void LogError(const Parts&... parts) {
  if (Logs(LogLevel::kError)) Log(LogLevel::kError, absl::StrCat(parts...));
}

}  // namespace rpyc

#endif  // RPYC_SERVER_LOG_H_
