#ifndef RPYC_SERVER_MEMORY_FILE_H_
#define RPYC_SERVER_MEMORY_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// A file in memory with these bytes, which its descriptor hands to another process: what is too
// long for a message, or no business of the file system's. Closed by exec.
// Errors:  kResourceExhausted.
absl::StatusOr<Fd> MemoryFile(absl::string_view bytes);

// Such a file of `size` bytes, zero each, that takes memory as they are written.
// Errors:  kResourceExhausted.
absl::StatusOr<Fd> EmptyMemoryFile(size_t size);

// All that a memory file holds. Errors:  kUnavailable - it is none, or holds over `max_bytes`
// bytes.
absl::StatusOr<std::string> ReadMemoryFile(int fd, size_t max_bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_MEMORY_FILE_H_
