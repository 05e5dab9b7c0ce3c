#ifndef RPYC_TRANSPORT_UNIX_PATH_H_
#define RPYC_TRANSPORT_UNIX_PATH_H_

#include <sys/stat.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The right to listen at a path. While this object lives, another that tries to take the path finds
// it in use. A lock on the file PATH.lock beside it guards the path; the lock ends with the
// process.
class UnixPath {
 public:
  // Takes the path. Removes a socket there that refuses connections, because its process has died.
  // Errors:  kFailedPrecondition - the path is in use, or there is something else than a socket;
  //          kPermissionDenied; kInvalidArgument - it is no path for a socket, or has no such
  //          folder.
  static absl::StatusOr<std::unique_ptr<UnixPath>> Take(absl::string_view path);
  // Returns what Take would return now, for a path that this process has not taken. Changes
  // nothing.
  // Errors:  as Take.
  static absl::Status Check(absl::string_view path);
  // Removes the socket's file if it still is the one that was bound, and the lock's file if it
  // still is this one's. The socket should be open until then, or another file could get its inode.
  ~UnixPath();

  // Says that the socket has been bound: from now on the destructor removes its file.
  void SetBound();
  // Checks that clients still find the bound socket at the path.
  // Errors:  kNotFound - its file has been removed, moved or replaced.      Threads: any.
  absl::Status CheckBound() const;
  const std::string& path() const { return path_; }

 private:
  UnixPath(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;  // absolute, because the program may change its folder
  const Fd lock_;
  bool bound_ = false;
  struct stat socket_ = {};  // the file of the bound socket
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_UNIX_PATH_H_
