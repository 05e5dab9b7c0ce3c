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

// The file that a registry keeps its registrations in. It is replaced as a whole, so that it is
// either the old or the new, whatever ends the process; FILE.lock beside it keeps others away.
// Wire:    brine: ("RPYC REGISTRY", 1, ((name, host, port, source, registered, refreshed, ttl),
//          ...)), times in milliseconds since 1970.
// Threads: one at a time.
class SnapshotFile {
 public:
  // Errors:  kFailedPrecondition - another process has it; kPermissionDenied, kUnavailable - it
  //          cannot be made there. All name the file.
  static absl::StatusOr<std::unique_ptr<SnapshotFile>> Open(const std::string& path);

  // What it holds; nothing if there is none yet. Each has its whole time again from `now` on: while
  // no registry ran nobody could announce himself.
  // Errors:  kDataLoss - no such file of ours; kUnavailable. Both name the file.
  absl::StatusOr<std::vector<Registration>> Read(absl::Time now) const;
  // Replaces it. Once that is done it outlasts a loss of power.
  // Errors:  kUnavailable, kPermissionDenied - the file is as it was, unless the message says that
  //          its folder could not be flushed: then it may be either.
  absl::Status Write(const std::vector<Registration>& registrations) const;

 private:
  SnapshotFile(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const Fd lock_;
};

}  // namespace rpyc

#endif  // RPYC_REGISTRY_SNAPSHOT_FILE_H_
