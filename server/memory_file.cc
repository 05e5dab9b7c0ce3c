#include "server/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

absl::Status OutOfMemory(int error) {
  return ErrnoStatus(absl::StatusCode::kResourceExhausted, "make a file in memory", error);
}

}  // namespace

absl::StatusOr<Fd> EmptyMemoryFile(size_t size) {
  Fd fd(::memfd_create("rpychost", MFD_CLOEXEC));
  if (!fd.valid() || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return OutOfMemory(errno);
  }
  return fd;
}

absl::StatusOr<Fd> MemoryFile(absl::string_view bytes) {
  absl::StatusOr<Fd> fd = EmptyMemoryFile(0);
  if (!fd.ok()) return fd;
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd->get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return OutOfMemory(errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fd;
}

absl::StatusOr<std::string> ReadMemoryFile(int fd, size_t max_bytes) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    return ErrnoStatus(absl::StatusCode::kUnavailable, "look at a file in memory", errno);
  }
  const size_t size = static_cast<size_t>(status.st_size);
  if (size > max_bytes) {
    return absl::UnavailableError(
        absl::StrCat("a file in memory has ", size, " bytes, over ", max_bytes));
  }
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t read = ::pread(fd, bytes.data() + got, size - got, static_cast<off_t>(got));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return ErrnoStatus(absl::StatusCode::kUnavailable, "read memory", errno);
    got += static_cast<size_t>(read);
  }
  return bytes;
}

}  // namespace rpyc
