#include "rpyc/transport/unix_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

std::string LockName(absl::string_view path) { return absl::StrCat(path, ".lock"); }

absl::Status InUse(absl::string_view path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("unix:", path, ": ", why));
}

absl::Status FileError(absl::string_view path, int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return ErrnoStatus(
      denied ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kInvalidArgument,
      absl::StrCat("unix:", path), error);
}

absl::StatusOr<Fd> TakeLock(absl::string_view path) {
  const std::string name = LockName(path);
  for (;;) {
    Fd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.valid()) return FileError(path, errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return InUse(path, "address already in use");
    // The last holder may have removed the file between open and lock.
    struct stat locked, named;
    if (::fstat(lock.get(), &locked) == 0 && ::stat(name.c_str(), &named) == 0 &&
        locked.st_dev == named.st_dev && locked.st_ino == named.st_ino) {
      return lock;
    }
  }
}

// Removes a socket at the path that nobody listens at.
absl::Status RemoveStale(const SocketAddress& address, const std::string& path) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? absl::OkStatus() : FileError(path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) return InUse(path, "exists and is not a socket");
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.get(), address.size()) == 0 || errno != ECONNREFUSED) {
    return InUse(path, "address already in use");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixPath>> UnixPath::Take(absl::string_view path) {
  absl::StatusOr<SocketAddress> address = SocketAddress::Unix(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<Fd> lock = TakeLock(path);
  if (!lock.ok()) return lock.status();
  std::unique_ptr<UnixPath> taken(new UnixPath(std::string(path), *std::move(lock)));
  if (absl::Status status = RemoveStale(*address, taken->path_); !status.ok()) return status;
  return taken;
}

void UnixPath::SetBound() {
  struct stat found;
  if (::lstat(path_.c_str(), &found) != 0) return;
  bound_ = true;
  device_ = found.st_dev;
  inode_ = found.st_ino;
}

UnixPath::~UnixPath() {
  struct stat found;
  if (bound_ && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
      found.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  ::unlink(LockName(path_).c_str());  // while it is locked: nobody else's can be there
}

}  // namespace rpyc
