#ifndef RPYC_SERVER_LOG_H_
#define RPYC_SERVER_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registry/log_level.h"

namespace rpyc {

// The log of the server layer: lines on stderr, written by spdlog, whose headers are slow to
// compile and therefore only in log_output.h. It is silent until its level is set: HostMain sets it
// from
// --log_level; a program that embeds a host uses log_sink.h.
// Threads: any.

// Whether a line of this level is logged.
bool Logs(LogLevel level);
void Log(LogLevel level, absl::string_view line);

// These are about the lowest level that is logged: a level by spdlog's name, or "off".
bool IsLogLevelName(const std::string& name);
void SetLogLevel(const std::string& name);

// From now on, writes lines to stderr on a thread of the log's own, so that a thread that logs
// never waits for the reader of stderr; lines that do not fit are lost and counted (LineWriter).
// Only HostMain calls it, once; a program that embeds a host has its own sink.
// Errors:  kResourceExhausted - there is no thread; the threads that log still write lines.
absl::Status LogInBackground();
// Waits for at most `timeout` until all lines so far are written, and returns whether they are.
bool FlushLog(absl::Duration timeout);

// Log one line, made of `parts` by absl::StrCat only if the level is logged.
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
