#include "server/log_output.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "registry/line_writer.h"
#include "server/thread.h"

namespace rpyc {
namespace {

struct Output {
  // A logger's own list of sinks must not change while it logs; the list of this sink may.
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks;
  std::shared_ptr<spdlog::logger> logger;
};

// Formats a line on the thread that logs; the writer's thread writes it.
class BackgroundSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit BackgroundSink(LineWriter* writer) : writer_(writer) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_->Write(std::string(line.data(), line.size()));
  }
  void flush_() override {}

  LineWriter* const writer_;
};

std::string LostLine(int64_t lost) {
  const std::string text = LostLinesText(lost);
  spdlog::memory_buf_t line;
  spdlog::pattern_formatter().format(
      spdlog::details::log_msg("rpyc", spdlog::level::warn, spdlog::string_view_t(text)), line);
  return std::string(line.data(), line.size());
}

// Null: the threads that log write to stderr themselves. Never destroyed, since the reader of
// stderr may have stopped.
std::atomic<LineWriter*> background{nullptr};

Output* MakeOutput() {
  auto sinks = std::make_shared<spdlog::sinks::dist_sink_mt>();
  sinks->add_sink(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // Not in spdlog's list of loggers, since a program that embeds a host may have its own "rpyc".
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

absl::Status WriteLogInBackground() {
  absl::StatusOr<std::unique_ptr<LineWriter>> writer =
      LineWriter::Start({.fd = STDERR_FILENO,
                         .lost_line = &LostLine,
                         .start_thread = [](absl::AnyInvocable<void() &&> body) {
                           return StartThread(std::move(body));
                         }});
  if (!writer.ok()) return writer.status();
  background.store(writer->release());
  SetLogSinks({std::make_shared<BackgroundSink>(background.load())});
  return absl::OkStatus();
}

bool FlushLogOutput(absl::Duration timeout) {
  LineWriter* const writer = background.load();
  return writer == nullptr || writer->Flush(timeout);
}

void SetLogSinks(std::vector<spdlog::sink_ptr> sinks) {
  TheOutput().sinks->set_sinks(std::move(sinks));
}

}  // namespace rpyc
