#ifndef RPYC_REGISTRY_SNAPSHOT_FILE_H_
#define RPYC_REGISTRY_SNAPSHOT_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registry/registration.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The file that a registry keeps its registrations in. Each write replaces it as a whole, so that
// it holds either the old or the new state, whatever ends the process. A lock on FILE.lock beside
// it keeps other processes from using it.
// Wire:    brine: ("RPYC REGISTRY", 1, ((name, host, port, source, registered, refreshed, ttl),
//          ...))
// Units:   milliseconds, since 1970 for times.
// Threads: one at a time.
class SnapshotFile {
 public:
  // Errors:  kFailedPrecondition - another process uses it; kPermissionDenied, kUnavailable - the
  //          lock file cannot be made. All name the file.
  static absl::StatusOr<std::unique_ptr<SnapshotFile>> Open(const std::string& path);

  // Reads the registrations; there are none if the file does not exist yet. Each has its whole time
  // again from `now` on, since servers could not announce themselves while no registry ran.
  // Errors:  kDataLoss - not a file that Write made; kUnavailable. Both name the file.
  absl::StatusOr<std::vector<Registration>> Read(absl::Time now) const;
  // Replaces the file. When this returns OK, the new state outlasts a loss of power.
  // Errors:  kUnavailable, kPermissionDenied - the file holds the old state, or either state if the
  //          message says that its folder could not be flushed.
  absl::Status Write(const std::vector<Registration>& registrations) const;

 private:
  SnapshotFile(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const Fd lock_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_SNAPSHOT_FILE_H_
