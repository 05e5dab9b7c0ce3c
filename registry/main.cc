// RPyC's registry as a program of its own: rpyc_registry.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

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
#include "registry/registry_flags.h"
#include "registry/registry_hooks.h"
#include "registry/registry_server.h"
#include "registry/registry_store.h"
#include "rpyc/version.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

// SIGTERM and SIGINT, which end it.
sigset_t EndingSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

// To be called before the first thread, which inherits it.
void PrepareProcess() {
  const sigset_t signals = EndingSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  rlimit descriptors;
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
}

absl::Status StartThread(absl::AnyInvocable<void() &&> body) {
  try {
    std::thread([body = std::move(body)]() mutable { std::move(body)(); }).detach();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot start a thread: ", error.what()));
  }
  return absl::OkStatus();
}

absl::string_view LevelName(rpyc::RegistryLogLevel level) {
  switch (level) {
    case rpyc::RegistryLogLevel::kDebug:
      return "DEBUG";
    case rpyc::RegistryLogLevel::kInfo:
      return "INFO";
    case rpyc::RegistryLogLevel::kWarning:
      return "WARNING";
    case rpyc::RegistryLogLevel::kError:
      return "ERROR";
  }
  return "";
}

// Lines to `file`, which lives as long as the program.
auto LogTo(std::FILE* file, rpyc::RegistryLogLevel least) {
  return [file, least](rpyc::RegistryLogLevel level, absl::string_view text) {
    if (level < least) return;
    const std::string line =
        absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%E3S ", absl::Now(), absl::LocalTimeZone()),
                     LevelName(level), " ", text, "\n");
    std::fwrite(line.data(), 1, line.size(), file);
    std::fflush(file);
  };
}

int Fail(absl::string_view why) {
  std::fputs(absl::StrCat("rpyc_registry: ", why, "\n").c_str(), stderr);
  return kExitFailure;
}

// Serves until a signal ends it.
int Run(const rpyc::RegistryFlags& flags) {
  std::FILE* log = stderr;
  if (!flags.logfile.empty()) log = std::fopen(flags.logfile.c_str(), "ae");
  if (log == nullptr) return Fail(absl::StrCat("cannot write the log file ", flags.logfile));
  PrepareProcess();
  const rpyc::RegistryHooks hooks = {
      .start_thread = &StartThread,
      .log =
          LogTo(log, flags.quiet ? rpyc::RegistryLogLevel::kError : rpyc::RegistryLogLevel::kInfo)};
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
  const sigset_t signals = EndingSignals();
  int signal = 0;
  while (::sigwait(&signals, &signal) != 0) {
  }
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
    return kExitUsage;
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
