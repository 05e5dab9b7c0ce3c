#include "server/log_sink.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/log.h"

namespace rpyc {
namespace {

using Lines = std::vector<std::pair<LogLevel, std::string>>;

TEST(LogSink, TakesLinesFromItsLevelOnUntilItIsTakenAway) {
  LogError("nobody hears this");
  Lines lines;
  SetLogSink(LogLevel::kInfo,
             [&lines](LogLevel level, absl::string_view line) { lines.emplace_back(level, line); });
  LogDebug("below");
  LogInfo("server ", "one", ": listening");
  LogWarning("two");
  LogError("three");
  EXPECT_EQ(lines, (Lines{{LogLevel::kInfo, "server one: listening"},
                          {LogLevel::kWarning, "two"},
                          {LogLevel::kError, "three"}}));

  Lines others;
  SetLogSink(LogLevel::kError, [&others](LogLevel level, absl::string_view line) {
    others.emplace_back(level, line);
  });
  LogWarning("below");
  LogError("four");
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(others, (Lines{{LogLevel::kError, "four"}}));

  SetLogSink(LogLevel::kDebug, nullptr);
  LogError("nobody hears this");
  EXPECT_EQ(others.size(), 1u);
}

}  // namespace
}  // namespace rpyc
