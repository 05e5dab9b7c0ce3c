#ifndef RPYC_TRANSPORT_UNIX_PATH_H_
#define RPYC_TRANSPORT_UNIX_PATH_H_

#include <sys/stat.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// The right to listen at a path, held while this object lives: whoever takes it next finds the path
// in use. Guarded by a lock on the file PATH.lock beside it, which ends with the process.
class UnixPath {
 public:
  // Takes the path; a socket that nobody answers at, left by a process that died, is removed.
  // Errors:  kFailedPrecondition - in use, or something else than a socket is there;
  //          kPermissionDenied; kInvalidArgument - no path for a socket, no such folder.
  static absl::StatusOr<std::unique_ptr<UnixPath>> Take(absl::string_view path);
  // What Take would say now, of a path that is not ours; takes and changes nothing. Errors as
  // Take's.
  static absl::Status Check(absl::string_view path);
  // Removes the socket, if it still is the one that was bound, and the lock, if it still is ours.
  // The socket should be open until then: another could get its inode otherwise.
  ~UnixPath();

  // To be called once the socket is bound: it is ours to remove from now on.
  void SetBound();
  // Whether clients still find the bound socket at the path.
  // Errors:  kNotFound - its file has been removed, moved or replaced.   Threads: any.
  absl::Status CheckBound() const;
  const std::string& path() const { return path_; }

 private:
  UnixPath(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;  // absolute: the program may go to another folder
  const Fd lock_;
  bool bound_ = false;
  struct stat socket_ = {};  // the bound one
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_UNIX_PATH_H_
