#include "server/log_output.h"

#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <utility>

namespace rpyc {
namespace {

struct Output {
  // A logger's own list of sinks must not change while it logs; this one's may.
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks;
  std::shared_ptr<spdlog::logger> logger;
};

Output* MakeOutput() {
  auto sinks = std::make_shared<spdlog::sinks::dist_sink_mt>();
  sinks->add_sink(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // Not in spdlog's list of loggers: a program that embeds a host may have a "rpyc" of its own.
  auto logger = std::make_shared<spdlog::logger>("rpyc", sinks);
  logger->set_level(spdlog::level::off);
  logger->flush_on(spdlog::level::trace);
  return new Output{std::move(sinks), std::move(logger)};
}

Output& TheOutput() {
  static Output* const output = MakeOutput();
  return *output;
}

}  // namespace

spdlog::logger& LogOutput() { return *TheOutput().logger; }

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

void SetLogSinks(std::vector<spdlog::sink_ptr> sinks) {
  TheOutput().sinks->set_sinks(std::move(sinks));
}

}  // namespace rpyc
