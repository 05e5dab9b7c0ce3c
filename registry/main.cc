// The program rpyc_registry is RPyC's registry without a host.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "registry/etcd/open_store.h"
#include "registry/line_writer.h"
#include "registry/process_start.h"
#include "registry/registry_flags.h"
#include "registry/registry_hooks.h"
#include "registry/registry_server.h"
#include "registry/registry_store.h"
#include "rpyc/version.h"

namespace {

absl::Status StartThread(absl::AnyInvocable<void() &&> body) {
  try {
    std::thread([body = std::move(body)]() mutable { std::move(body)(); }).detach();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot start a thread: ", error.what()));
  }
  return absl::OkStatus();
}

absl::string_view LevelName(rpyc::LogLevel level) {
  switch (level) {
    case rpyc::LogLevel::kDebug:
      return "DEBUG";
    case rpyc::LogLevel::kInfo:
      return "INFO";
    case rpyc::LogLevel::kWarning:
      return "WARNING";
    case rpyc::LogLevel::kError:
      return "ERROR";
  }
  return "";
}

std::string LogLine(rpyc::LogLevel level, absl::string_view text) {
  return absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%E3S ", absl::Now(), absl::LocalTimeZone()),
                      LevelName(level), " ", text, "\n");
}

// Makes a writer of lines to `fd`, which stays open. The writer is never destroyed, since the
// reader of the log may have stopped.
absl::StatusOr<rpyc::LineWriter*> OpenLog(int fd) {
  absl::StatusOr<std::unique_ptr<rpyc::LineWriter>> writer = rpyc::LineWriter::Start(
      {.fd = fd,
       .lost_line =
           [](int64_t lost) {
             return LogLine(rpyc::LogLevel::kWarning, rpyc::LostLinesText(lost));
           },
       .start_thread = &StartThread});
  if (!writer.ok()) return writer.status();
  return writer->release();
}

int Fail(absl::string_view why) {
  std::fputs(absl::StrCat("rpyc_registry: ", why, "\n").c_str(), stderr);
  return rpyc::kExitFailure;
}

// Serves until a signal ends the program. Returns the exit code.
int Run(const rpyc::RegistryFlags& flags) {
  int log_fd = STDERR_FILENO;
  if (!flags.logfile.empty()) {
    log_fd = ::open(flags.logfile.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  }
  if (log_fd < 0) return Fail(absl::StrCat("cannot write the log file ", flags.logfile));
  rpyc::PrepareProcess(rpyc::EndingSignals());
  const absl::StatusOr<rpyc::LineWriter*> log = OpenLog(log_fd);
  if (!log.ok()) return Fail(log.status().message());
  const rpyc::LogLevel min_level = flags.quiet ? rpyc::LogLevel::kError : rpyc::LogLevel::kInfo;
  const rpyc::RegistryHooks hooks = {
      .start_thread = &StartThread,
      .log = [log = *log, min_level](rpyc::LogLevel level, absl::string_view text) {
        if (level >= min_level) log->Write(LogLine(level, text));
      }};
  absl::StatusOr<std::unique_ptr<rpyc::RegistryStore>> store =
      rpyc::OpenStore({.limits = flags.limits,
                       .pruning_timeout = flags.timeout,
                       .snapshot_file = flags.snapshot,
                       .etcd = flags.etcd},
                      hooks);
  if (!store.ok()) return Fail(store.status().message());
  absl::StatusOr<std::unique_ptr<rpyc::RegistryServer>> server =
      rpyc::RegistryServer::Start({.host = flags.host,
                                   .port = flags.port,
                                   .udp = flags.udp,
                                   .tcp = flags.tcp,
                                   .allow_listing = flags.listing,
                                   .limits = flags.limits},
                                  store->get(), hooks);
  if (!server.ok()) return Fail(server.status().message());
  std::printf("rpyc_registry: listening on %s (%s)\n", (*server)->endpoint().ToString().c_str(),
              flags.udp && flags.tcp ? "udp, tcp"
              : flags.udp            ? "udp"
                                     : "tcp");
  std::fflush(stdout);
  const sigset_t signals = rpyc::EndingSignals();
  int signal = 0;
  while (::sigwait(&signals, &signal) != 0) {
  }
  server->reset();
  store->reset();
  (*log)->Flush(rpyc::kLogFlushTimeout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const absl::StatusOr<rpyc::RegistryFlags> flags = rpyc::ParseRegistryFlags(argc, argv);
  if (!flags.ok()) {
    std::fputs(absl::StrCat("Error: ", flags.status().message(), "\n------\n",
                            rpyc::RegistryFlagsHelp(), "\n")
                   .c_str(),
               stdout);
    return rpyc::kExitUsage;
  }
  if (flags->help) {
    std::fputs(absl::StrCat(rpyc::RegistryFlagsHelp(), "\n").c_str(), stdout);
    return 0;
  }
  if (flags->version) {
    std::printf("rpyc_registry %s\n", rpyc::kVersion);
    return 0;
  }
  return Run(*flags);
}
