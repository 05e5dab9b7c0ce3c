#include "rpyc/transport/unix_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

// Whether the file at `path` is the one that `known` describes.
bool IsSameFile(const std::string& path, const struct stat& known) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0 && found.st_dev == known.st_dev &&
         found.st_ino == known.st_ino;
}

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
    struct stat locked;
    if (::fstat(lock.get(), &locked) == 0 && IsSameFile(name, locked)) return lock;
  }
}

// Whether there is a socket at the path that refuses connections.
// Errors:  kFailedPrecondition - there is something else, or the socket is in use.
absl::StatusOr<bool> HasStale(const SocketAddress& address, const std::string& path) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return false;
    return FileError(path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) return InUse(path, "exists and is not a socket");
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.get(), address.size()) == 0 || errno != ECONNREFUSED) {
    return InUse(path, "address already in use");
  }
  return true;
}

absl::Status RemoveStale(const SocketAddress& address, const std::string& path) {
  const absl::StatusOr<bool> has_stale = HasStale(address, path);
  if (!has_stale.ok()) return has_stale.status();
  if (*has_stale && ::unlink(path.c_str()) != 0 && errno != ENOENT) return FileError(path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixPath>> UnixPath::Take(absl::string_view path) {
  absl::StatusOr<SocketAddress> address = SocketAddress::Unix(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<Fd> lock = TakeLock(path);
  if (!lock.ok()) return lock.status();
  std::error_code no_folder;  // if the program's folder is gone, the path stays relative
  const std::filesystem::path absolute = std::filesystem::absolute(std::string(path), no_folder);
  std::unique_ptr<UnixPath> taken(
      new UnixPath(no_folder ? std::string(path) : absolute.string(), *std::move(lock)));
  if (absl::Status status = RemoveStale(*address, taken->path_); !status.ok()) return status;
  return taken;
}

absl::Status UnixPath::Check(absl::string_view path) {
  const absl::StatusOr<SocketAddress> address = SocketAddress::Unix(path);
  if (!address.ok()) return address.status();
  const Fd lock(::open(LockName(path).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (lock.valid()) {
    // The lock is only tried: the end of this function gives it back.
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return InUse(path, "address already in use");
  } else if (errno != ENOENT) {
    return FileError(path, errno);
  }
  const absl::StatusOr<bool> has_stale = HasStale(*address, std::string(path));
  if (!has_stale.ok()) return has_stale.status();
  // Both the lock and the socket are made in the folder.
  const std::string folder = std::filesystem::path(std::string(path)).parent_path().string();
  if (::faccessat(AT_FDCWD, folder.empty() ? "." : folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return FileError(path, errno);
  }
  return absl::OkStatus();
}

absl::Status UnixPath::CheckBound() const {
  if (!bound_ || IsSameFile(path_, socket_)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("unix:", path_,
                   ": the socket's file has been removed or replaced: no client can "
                   "connect; close the server and start it again"));
}

void UnixPath::SetBound() { bound_ = ::lstat(path_.c_str(), &socket_) == 0; }

UnixPath::~UnixPath() {
  if (bound_ && IsSameFile(path_, socket_)) ::unlink(path_.c_str());
  const std::string lock_name = LockName(path_);
  struct stat locked;
  // The lock is still held, so the file is this one's unless it has been removed.
  if (::fstat(lock_.get(), &locked) == 0 && IsSameFile(lock_name, locked)) {
    ::unlink(lock_name.c_str());
  }
}

}  // namespace rpyc
