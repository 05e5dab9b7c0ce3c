#include "server/host_main.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "registry/process_start.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/inherited_sockets.h"
#include "server/host.h"
#include "server/host_flags.h"
#include "server/log.h"
#include "server/memory_limits.h"
#include "server/reason.h"
#include "server/start_zygote.h"
#include "server/version.h"
#include "server/zygote_process.h"

namespace rpyc {
namespace {

// Bounds malloc's arenas where address space is limited: each takes 64 MiB of it.
constexpr int kMaxArenas = 2;

// Prints one line on stdout at once, since scripts wait for it.
void Say(absl::string_view line) {
  const std::string text = absl::StrCat("rpycd: ", line, "\n");
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int Fail(int exit_code, absl::string_view why) {
  const std::string text = absl::StrCat("rpycd: ", why, "\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
  return exit_code;
}

std::string Help(absl::string_view program, const std::vector<Service>& services,
                 const ServerKindTable& kinds) {
  std::string help = HostFlagsHelp(program);
  absl::StrAppend(&help, "\nKinds of servers:\n");
  for (const ServerKindInfo& kind : kinds.rows()) {
    absl::StrAppend(&help, "  ", kind.name, ": ", kind.summary, "\n");
  }
  absl::StrAppend(&help, "\nServices: ",
                  services.empty() ? "none are linked into this program"
                                   : absl::StrJoin(services, ", ",
                                                   [](std::string* out, const Service& service) {
                                                     out->append(service.name());
                                                   }),
                  "\n");
  return help;
}

// The signals that the main thread waits for and every thread blocks: the ending ones, and SIGHUP,
// which makes servers read their certificates again.
sigset_t AwaitedSignals() {
  sigset_t signals = EndingSignals();
  ::sigaddset(&signals, SIGHUP);
  return signals;
}

// Waits for one of the ending signals. From then on, another one ends the process at once.
void WaitForEnd(ServerDirectory& servers) {
  const sigset_t awaited = AwaitedSignals();
  int signal = 0;
  while (::sigwait(&awaited, &signal) != 0 || signal == SIGHUP) {
    LogInfo(::strsignal(SIGHUP), ": reading certificates again");
    servers.ReloadCertificates();
  }
  const sigset_t signals = EndingSignals();
  struct sigaction at_once = {};
  at_once.sa_handler = [](int signal) { ::_exit(128 + signal); };
  ::sigaction(SIGTERM, &at_once, nullptr);
  ::sigaction(SIGINT, &at_once, nullptr);
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  LogInfo(::strsignal(signal), ": closing");
}

// Whether the command line caused the error, not the machine.
bool IsUsageError(const absl::Status& status) {
  const std::string reason = GetReason(status).reason;
  return reason == "UNKNOWN_KIND" || reason == "UNKNOWN_SERVICE" || reason == "INSECURE_LISTENER";
}

std::string Describe(const ServerRecord& server) {
  return absl::StrCat("server servers/", server.id, " (", server.options.kind, ", ",
                      server.options.service, ") listening on ", server.snapshot.address());
}

// Gives the servers the inherited sockets that their flags name.
// Errors:  those of InheritedSockets::Take.
absl::Status GiveSockets(const std::vector<std::string>& names, InheritedSockets& sockets,
                         std::vector<ServerOptions>& servers) {
  for (size_t i = 0; i < servers.size(); ++i) {
    if (names[i].empty()) continue;
    const absl::StatusOr<int> fd = sockets.Take(names[i]);
    if (!fd.ok()) return fd.status();
    servers[i].listen_fd = *fd;
  }
  return absl::OkStatus();
}

// Starts the zygote if a kind of the table needs it; null if none does.
absl::StatusOr<std::shared_ptr<Zygote>> StartZygoteIfNeeded(const HostOptions& options,
                                                            std::vector<std::string> argv) {
  for (const ServerKindInfo& kind : options.kinds.rows()) {
    if (!kind.traits.separate_process) continue;
    return StartZygote(options.services, options.kinds,
                       [argv = std::move(argv)] { return ExecZygote(argv); });
  }
  return nullptr;
}

// Serves until a signal ends the program. Returns the exit code.
int Run(HostOptions options, const HostFlags& flags, std::vector<std::string> argv) {
  // First, since the numbers of inherited descriptors must not be taken by our own.
  absl::StatusOr<InheritedSockets> sockets = InheritedSockets::FromEnvironment();
  if (!sockets.ok()) return Fail(kExitFailure, sockets.status().message());
  const absl::Status given = GiveSockets(flags.inherited_sockets, *sockets, options.servers);
  if (!given.ok()) {
    // A socket that is asked for twice is the command line's error; a missing one is not.
    return Fail(absl::IsAlreadyExists(given) ? kExitUsage : kExitFailure,
                absl::StrCat("--server: ", given.message()));
  }
  absl::StatusOr<std::shared_ptr<Zygote>> zygote = StartZygoteIfNeeded(options, std::move(argv));
  if (zygote.ok()) {
    options.zygote = *zygote;
  } else {
    // Only the error of a server that needs a zygote tells this; most programs have none.
    options.why_no_zygote = std::string(zygote.status().message());
  }
  PrepareProcess(AwaitedSignals());
  if (HasLimitedAddressSpace()) ::mallopt(M_ARENA_MAX, kMaxArenas);
  // Until everything has started, only debugging logs: a start that fails prints one line.
  if (const absl::Status logging = LogInBackground(); !logging.ok()) {
    return Fail(kExitFailure, logging.message());
  }
  const bool debugging = flags.log_level == "debug" || flags.log_level == "trace";
  SetLogLevel(debugging ? flags.log_level : "off");
  const bool no_services = options.services.empty();
  absl::StatusOr<std::unique_ptr<Host>> host = Host::Start(std::move(options));
  if (!host.ok()) {
    FlushLog(kLogFlushTimeout);
    return Fail(IsUsageError(host.status()) ? kExitUsage : kExitFailure, host.status().message());
  }
  const std::vector<std::string> untaken = sockets->Untaken();
  // The servers have duplicates. Our own would keep listening after the servers close.
  *sockets = InheritedSockets();
  if (!(*host)->admin_address().empty()) {
    Say(absl::StrCat("admin listening on ", (*host)->admin_address()));
  }
  if (!(*host)->registry_address().empty()) {
    Say(absl::StrCat("registry listening on ", (*host)->registry_address(), " (udp, tcp)"));
  }
  for (const ServerRecord& server : (*host)->servers().ListServers(/*show_closed=*/false)) {
    Say(Describe(server));
  }
  Say("ready");
  SetLogLevel(flags.log_level);
  for (const std::string& socket : untaken) {
    LogWarning("inherited socket ", socket, ": no --server listens on it");
  }
  if (no_services) LogWarning("no services are linked into this host: it can start no server");

  WaitForEnd((*host)->servers());
  (*host)->Close(flags.drain_timeout);
  const ServerDirectory::Totals totals = (*host)->servers().GetTotals();
  if (totals.abandoned_calls > 0 || totals.servers_open > 0) {
    // Threads of the host still run, so nothing that they use may be destroyed.
    FlushLog(kLogFlushTimeout);
    std::fflush(nullptr);
    std::_Exit(0);
  }
  host->reset();
  FlushLog(kLogFlushTimeout);
  return 0;
}

}  // namespace

int HostMain(int argc, char** argv, std::vector<Service> services, ServerKindTable kinds) {
  if (std::optional<Fd> channel = InheritedZygoteChannel(); channel.has_value()) {
    if (absl::Status alone = CheckNoThreads(); !alone.ok()) {
      return Fail(kExitFailure, alone.message());
    }
    ServeAsZygote(*std::move(channel), services, kinds);
  }
  absl::StatusOr<HostFlags> flags = ParseHostFlags(argc, argv);
  if (!flags.ok()) return Fail(kExitUsage, flags.status().message());
  const std::string program = std::filesystem::path(argv[0]).filename();
  if (flags->help) {
    std::fputs(Help(program, services, kinds).c_str(), stdout);
    return 0;
  }
  if (flags->version) {
    std::printf("%s %s (%s)\n", program.c_str(), kVersion, kBuild);
    return 0;
  }
  return Run({.services = std::move(services),
              .kinds = std::move(kinds),
              .admin_address = flags->admin_address,
              .servers = flags->servers,
              .registry = flags->registry,
              .max_total_bytes = static_cast<size_t>(flags->max_total_bytes)},
             *flags, std::vector<std::string>(argv, argv + argc));
}

}  // namespace rpyc
