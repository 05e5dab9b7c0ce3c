#include "rpyc/transport/inherited_sockets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

constexpr int kFirstFd = STDERR_FILENO + 1;  // the first announced descriptor
constexpr absl::string_view kNoName = "unknown";

// Returns the variable's value and removes the variable.
std::string TakeVariable(const char* name) {
  const char* value = ::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

bool CloseOnExec(int fd) { return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }

bool IsNumber(absl::string_view name) {
  return std::all_of(name.begin(), name.end(), absl::ascii_isdigit);
}

}  // namespace

absl::StatusOr<InheritedSockets> InheritedSockets::FromEnvironment() {
  const std::string pid = TakeVariable("LISTEN_PID");
  const std::string fds = TakeVariable("LISTEN_FDS");
  const std::string fd_names = TakeVariable("LISTEN_FDNAMES");
  InheritedSockets inherited;
  // The variables may have been meant for a parent of this process.
  if (pid != absl::StrCat(::getpid()) || fds.empty()) return inherited;
  int count = 0;
  if (!absl::SimpleAtoi(fds, &count) || count < 0) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_FDS is \"", fds, "\", not a number"));
  }
  std::vector<std::string> names;
  if (!fd_names.empty()) names = absl::StrSplit(fd_names, ':');
  if (!names.empty() && static_cast<int>(names.size()) != count) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_FDNAMES \"", fd_names, "\" has ",
                                                   names.size(), " names for LISTEN_FDS=", count));
  }
  for (int i = 0; i < count; ++i) {
    const int fd = kFirstFd + i;
    if (!CloseOnExec(fd)) {
      return ErrnoStatus(absl::StatusCode::kInvalidArgument,
                         absl::StrCat("LISTEN_FDS=", count, ": descriptor ", fd), errno);
    }
    inherited.sockets_.push_back({Fd(fd), names.empty() ? std::string(kNoName) : names[i]});
  }
  return inherited;
}

absl::StatusOr<int> InheritedSockets::Take(absl::string_view name) {
  const absl::StatusOr<Inherited*> found = Find(name);
  if (!found.ok()) return found.status();
  if ((*found)->taken) {
    return absl::AlreadyExistsError(absl::StrCat("fd:", name, " is another server's already"));
  }
  const int fd = (*found)->fd.get();
  const absl::Status usable = SocketAddress::OfListening(fd).status();
  if (!usable.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("fd:", name, ": ", usable.message()));
  }
  (*found)->taken = true;
  return fd;
}

absl::StatusOr<InheritedSockets::Inherited*> InheritedSockets::Find(absl::string_view name) {
  int number = 0;
  if (!name.empty() && IsNumber(name)) {
    if (!absl::SimpleAtoi(name, &number)) number = -1;
    for (Inherited& each : sockets_) {
      if (each.fd.get() == number) return &each;
    }
    // It was not announced, so it is taken over only if it is a listening socket.
    const absl::Status usable = SocketAddress::OfListening(number).status();
    if (!usable.ok() || !CloseOnExec(number)) {
      return absl::InvalidArgumentError(absl::StrCat("fd:", name, ": ", usable.message()));
    }
    return &sockets_.emplace_back(Inherited{Fd(number), std::string(name)});
  }
  Inherited* found = nullptr;
  for (Inherited& each : sockets_) {
    if (each.name != name) continue;
    if (found != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("fd:", name, " is the name of descriptors ",
                                                     found->fd.get(), " and ", each.fd.get(),
                                                     "; say which by its number"));
    }
    found = &each;
  }
  if (found == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("fd:", name, ": no inherited socket has this name; there are: ", Names()));
  }
  return found;
}

std::vector<std::string> InheritedSockets::Untaken() const {
  std::vector<std::string> untaken;
  for (const Inherited& each : sockets_) {
    if (!each.taken) {
      untaken.push_back(absl::StrCat(each.name, " (descriptor ", each.fd.get(), ")"));
    }
  }
  return untaken;
}

std::string InheritedSockets::Names() const {
  if (sockets_.empty()) return "none";
  return absl::StrJoin(sockets_, ", ",
                       [](std::string* out, const Inherited& each) { out->append(each.name); });
}

}  // namespace rpyc
