#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace rpyc {
namespace {

std::shared_ptr<spdlog::logger>* MakeLogger() {
  auto logger = spdlog::stderr_logger_mt("rpyc");
  logger->set_level(spdlog::level::off);
  logger->flush_on(spdlog::level::trace);
  return new std::shared_ptr<spdlog::logger>(std::move(logger));
}

}  // namespace

spdlog::logger& Log() {
  static const std::shared_ptr<spdlog::logger>* const logger = MakeLogger();
  return **logger;
}

}  // namespace rpyc
