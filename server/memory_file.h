#ifndef RPYC_SERVER_MEMORY_FILE_H_
#define RPYC_SERVER_MEMORY_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// Makes a file in memory that holds `bytes`. A process hands its descriptor to another, where a
// message is too short or the bytes must not reach the file system. Exec closes it.
// Errors:  kResourceExhausted.
absl::StatusOr<Fd> MemoryFile(absl::string_view bytes);

// Makes such a file of `size` zero bytes. A page takes memory once it is written.
// Errors:  kResourceExhausted.
absl::StatusOr<Fd> EmptyMemoryFile(size_t size);

// Reads all that a memory file holds.
// Errors:  kUnavailable - it is no file, or holds more than `max_bytes`.
absl::StatusOr<std::string> ReadMemoryFile(int fd, size_t max_bytes);

}  // namespace rpyc

#endif  // RPYC_SERVER_MEMORY_FILE_H_
