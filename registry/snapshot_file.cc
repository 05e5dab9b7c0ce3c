#include "registry/snapshot_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "rpyc/brine.h"
#include "rpyc/limits.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/value.h"

namespace rpyc {
namespace {

constexpr absl::string_view kMagic = "RPYC REGISTRY";
constexpr int64_t kVersion = 1;
constexpr size_t kItems = 7;  // that a registration has in the file
constexpr mode_t kMode = 0644;
// Far above what a registry within its limits writes.
constexpr off_t kMaxFileBytes = 256 << 20;

absl::Status Failed(absl::string_view doing, const std::string& path, int error) {
  const absl::StatusCode code = error == EACCES || error == EPERM || error == EROFS
                                    ? absl::StatusCode::kPermissionDenied
                                    : absl::StatusCode::kUnavailable;
  return ErrnoStatus(code, absl::StrCat("registry snapshot: ", doing, " ", path), error);
}

absl::Status InvalidFile(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("registry snapshot ", path, ": ", what));
}

// Reads the whole file. Returns false and sets errno if that fails.
bool ReadAll(int fd, std::string* bytes) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return false;
  if (status.st_size > kMaxFileBytes) {
    errno = EFBIG;
    return false;
  }
  bytes->resize(static_cast<size_t>(status.st_size));
  size_t got = 0;
  while (got < bytes->size()) {
    const ssize_t read = ::read(fd, bytes->data() + got, bytes->size() - got);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return false;
    if (read == 0) break;
    got += static_cast<size_t>(read);
  }
  bytes->resize(got);
  return true;
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::fdatasync(fd) == 0;
}

// Makes a rename in the folder of `path` outlast a loss of power. Returns false and sets errno if
// that fails.
bool SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot flush a folder; they fail with EINVAL.
  return fd.valid() && (::fsync(fd.get()) == 0 || errno == EINVAL);
}

bool ReadRegistration(const Value& value, absl::Time now, Registration* out) {
  const absl::Span<const Value> items = value.items();
  if (!value.IsTuple() || items.size() != kItems) return false;
  const std::string* name = items[0].AsStr();
  const std::string* host = items[1].AsStr();
  const int64_t* port = items[2].AsInt();
  const std::string* source = items[3].AsStr();
  const int64_t* registered = items[4].AsInt();
  const int64_t* refreshed = items[5].AsInt();
  const int64_t* ttl = items[6].AsInt();
  if (name == nullptr || host == nullptr || port == nullptr || source == nullptr ||
      registered == nullptr || refreshed == nullptr || ttl == nullptr) {
    return false;
  }
  if (*port < 1 || *port > UINT16_MAX || *ttl < 0) return false;
  out->key = {*name, *host, static_cast<int>(*port)};
  out->source = *source;
  out->register_time = absl::FromUnixMillis(*registered);
  out->refresh_time = absl::FromUnixMillis(*refreshed);
  out->expire_time = now + absl::Milliseconds(*ttl);
  return true;
}

Value ToValue(const Registration& registration) {
  return Value::Tuple(
      {registration.key.service_name, registration.key.host, registration.key.port,
       registration.source, absl::ToUnixMillis(registration.register_time),
       absl::ToUnixMillis(registration.refresh_time),
       absl::ToInt64Milliseconds(registration.expire_time - registration.refresh_time)});
}

}  // namespace

absl::StatusOr<std::unique_ptr<SnapshotFile>> SnapshotFile::Open(const std::string& path) {
  const std::string lock_path = absl::StrCat(path, ".lock");
  Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!lock.valid()) return Failed("open", lock_path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", lock_path, errno);
    return absl::FailedPreconditionError(
        absl::StrCat("registry snapshot ", path, " is in use by another registry"));
  }
  return std::unique_ptr<SnapshotFile>(new SnapshotFile(path, std::move(lock)));
}

absl::StatusOr<std::vector<Registration>> SnapshotFile::Read(absl::Time now) const {
  std::vector<Registration> registrations;
  const Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return registrations;
  std::string bytes;
  if (!fd.valid() || !ReadAll(fd.get(), &bytes)) return Failed("read", path_, errno);
  const Limits limits;
  const absl::StatusOr<Value> value = brine::Decode(bytes, limits);
  if (!value.ok()) return InvalidFile(path_, value.status().message());
  const absl::Span<const Value> parts = value->items();
  if (!value->IsTuple() || parts.size() != 3 || parts[0] != Value(kMagic) ||
      parts[1] != Value(kVersion) || !parts[2].IsTuple()) {
    return InvalidFile(path_, "is no snapshot of this version");
  }
  for (const Value& item : parts[2].items()) {
    if (!ReadRegistration(item, now, &registrations.emplace_back())) {
      return InvalidFile(path_, absl::StrCat("no registration: ", item.DebugString()));
    }
  }
  return registrations;
}

absl::Status SnapshotFile::Write(const std::vector<Registration>& registrations) const {
  std::vector<Value> items;
  items.reserve(registrations.size());
  for (const Registration& registration : registrations) items.push_back(ToValue(registration));
  const Limits limits;
  const absl::StatusOr<std::string> bytes = brine::EncodeToString(
      Value::Tuple({kMagic, kVersion, Value::Tuple(std::move(items))}), limits);
  if (!bytes.ok()) return bytes.status();
  const std::string new_path = absl::StrCat(path_, ".new");
  const Fd fd(::open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
  if (!fd.valid() || !WriteAll(fd.get(), *bytes)) {
    absl::Status failed = Failed("write", new_path, errno);
    ::unlink(new_path.c_str());  // otherwise it would fill a full disk
    return failed;
  }
  if (::rename(new_path.c_str(), path_.c_str()) != 0) return Failed("replace", path_, errno);
  if (!SyncFolderOf(path_)) return Failed("flush the folder of", path_, errno);
  return absl::OkStatus();
}

}  // namespace rpyc
