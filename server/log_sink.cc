#include "server/log_sink.h"

#include <spdlog/sinks/base_sink.h>

#include <memory>
#include <mutex>
#include <utility>

#include "server/log_output.h"

namespace rpyc {
namespace {

LogLevel LevelOf(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return LogLevel::kDebug;
  if (level == spdlog::level::info) return LogLevel::kInfo;
  if (level == spdlog::level::warn) return LogLevel::kWarning;
  return LogLevel::kError;
}

// The base class holds a lock while it calls sink_it_.
class ProgramSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ProgramSink(LogSink sink) : sink_(std::move(sink)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_(LevelOf(message.level),
          absl::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  const LogSink sink_;
};

}  // namespace

void SetLogSink(LogLevel min_level, LogSink sink) {
  if (sink == nullptr) {
    LogOutput().set_level(spdlog::level::off);
    SetLogSinks({});
    return;
  }
  SetLogSinks({std::make_shared<ProgramSink>(std::move(sink))});
  LogOutput().set_level(SpdlogLevel(min_level));
}

}  // namespace rpyc
