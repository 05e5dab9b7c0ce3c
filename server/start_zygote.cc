#include "server/start_zygote.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/fd_message.h"
#include "server/huge_text.h"
#include "server/log.h"
#include "server/nursery.h"
#include "server/nursery_messages.h"

namespace rpyc {
namespace {

// TSan has one of its own, sooner or later, which survives a fork.
#ifdef __SANITIZE_THREAD__
constexpr size_t kMostThreads = 2;
#else
constexpr size_t kMostThreads = 1;
#endif

// The numbers that name entries of a directory of /proc.
std::vector<int> NumbersIn(const char* directory) {
  std::vector<int> numbers;
  DIR* const entries = ::opendir(directory);
  if (entries == nullptr) return numbers;
  while (const dirent* entry = ::readdir(entries)) {
    int number;
    if (absl::SimpleAtoi(entry->d_name, &number)) numbers.push_back(number);
  }
  ::closedir(entries);
  return numbers;
}

void CloseListeningSockets() {
  for (int fd : NumbersIn("/proc/self/fd")) {
    int listens = 0;
    socklen_t size = sizeof(listens);
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
      ::close(fd);
    }
  }
}

// Makes this process one that a terminal's signals do not end, and whose children nobody awaits.
void BecomeZygote() {
  ::prctl(PR_SET_NAME, "rpyc-zygote");
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  CloseListeningSockets();
  SetLogLevel("off");  // the host says what there is to say
  MoveTextToHugePages();
}

// Forks nurseries until the program has gone.
[[noreturn]] void ServeAsZygote(Fd channel, const std::vector<Service>& services,
                                const ServerKindTable& kinds) {
  BecomeZygote();
  for (;;) {
    absl::StatusOr<FdMessage> request = ReceiveFdMessage(channel.get());
    if (!request.ok()) std::_Exit(0);
    if (request->fds.size() != 3) continue;
    const pid_t pid = ::fork();
    if (pid < 0) {
      const std::string why = absl::StrCat("cannot fork a nursery: ", ErrnoText(errno));
      SendFdMessage(request->fds[2].get(),
                    WriteReport({.kind = NurseryReport::kFailed, .text = why}))
          .IgnoreError();
    }
    if (pid != 0) continue;
    channel.Reset();
    ServeAsNursery(std::move(request->fds[0]), std::move(request->fds[1]),
                   std::move(request->fds[2]), services, kinds);
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<Zygote>> StartZygote(std::vector<Service> services,
                                                    ServerKindTable kinds) {
  const size_t threads = NumbersIn("/proc/self/task").size();
  if (threads > kMostThreads) {
    return absl::FailedPreconditionError(
        absl::StrCat("the program has ", threads, " threads already; a zygote is forked first"));
  }
  absl::StatusOr<std::pair<Fd, Fd>> channel = FdMessageChannel();
  if (!channel.ok()) return channel.status();
  auto& [ours, theirs] = *channel;
  std::fflush(nullptr);  // or both would write what is buffered
  const pid_t pid = ::fork();
  if (pid < 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "fork a zygote", errno);
  }
  if (pid == 0) {
    ours.Reset();
    ServeAsZygote(std::move(theirs), services, kinds);
  }
  return std::make_shared<Zygote>(std::move(ours), pid);
}

}  // namespace rpyc
