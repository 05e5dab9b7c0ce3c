#include "server/zygote_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd_message.h"
#include "server/huge_pages.h"
#include "server/log.h"
#include "server/nursery.h"
#include "server/nursery_messages.h"

namespace rpyc {
namespace {

// This environment variable says that the process is to be a zygote. Its value is the descriptor of
// the channel.
constexpr char kChannelVariable[] = "RPYCHOST_ZYGOTE_CHANNEL";
constexpr int kChannelFd = 3;

// TSan starts a thread of its own, which survives a fork.
#ifdef __SANITIZE_THREAD__
constexpr size_t kMaxThreads = 2;
#else
constexpr size_t kMaxThreads = 1;
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

// Makes this process ignore a terminal's signals, and its children need no reaping.
void BecomeZygote() {
  ::prctl(PR_SET_NAME, "rpyc-zygote");
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  CloseListeningSockets();
  SetLogLevel("off");  // the host logs for it
  MoveCodeToHugePages();
}

// The environment of a zygote: that of this process, and kChannelVariable. Some pointers point into
// `text`, which this fills.
std::vector<char*> ZygoteEnvironment(std::string* text) {
  *text = absl::StrCat(kChannelVariable, "=", kChannelFd);
  std::vector<char*> variables = {text->data()};
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);
  return variables;
}

}  // namespace

absl::Status CheckNoThreads() {
  const size_t threads = NumbersIn("/proc/self/task").size();
  if (threads <= kMaxThreads) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the program has ", threads, " threads already; a zygote is forked first"));
}

void ServeAsZygote(Fd channel, const std::vector<Service>& services, const ServerKindTable& kinds) {
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

absl::StatusOr<Zygote::Process> ExecZygote(const std::vector<std::string>& argv) {
  absl::StatusOr<std::pair<Fd, Fd>> channel = FdMessageChannel();
  if (!channel.ok()) return channel.status();
  auto& [ours, theirs] = *channel;
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string variable;
  const std::vector<char*> environment = ZygoteEnvironment(&variable);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, theirs.get(), kChannelFd);
  ::posix_spawn_file_actions_addclosefrom_np(&files, kChannelFd + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // A signal may come before the process ignores it. Blocked, it does not end the process.
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&blocked, signal);
  ::posix_spawnattr_setsigmask(&attributes, &blocked);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  // This is the file that runs, even if another file has got its name since.
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, arguments.data(),
                                  environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    return ErrnoStatus(error == EAGAIN || error == ENOMEM ? absl::StatusCode::kResourceExhausted
                                                          : absl::StatusCode::kUnavailable,
                       "run the program anew for a zygote", error);
  }
  return Zygote::Process{std::move(ours), pid};
}

std::optional<Fd> InheritedZygoteChannel() {
  const char* const value = std::getenv(kChannelVariable);
  if (value == nullptr) return std::nullopt;
  const bool is_ours = value == absl::StrCat(kChannelFd);
  ::unsetenv(kChannelVariable);
  int type = 0;
  socklen_t size = sizeof(type);
  if (!is_ours || ::getsockopt(kChannelFd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_SEQPACKET) {
    return std::nullopt;
  }
  ::fcntl(kChannelFd, F_SETFD, FD_CLOEXEC);
  return Fd(kChannelFd);
}

}  // namespace rpyc
