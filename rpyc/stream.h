#ifndef RPYC_STREAM_H_
#define RPYC_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rpyc {

// What a read found.
struct ReadResult {
  enum State { kData, kEof, kWouldBlock };
  State state;
  size_t bytes = 0;  // for kData, at least 1
};

// What the reader holds already; decides whether a peer that waits for our ACK is helped.
enum class ReadHint {
  kBetweenFrames,  // nothing, or whole frames only
  kInsideFrame,    // the start of a frame whose rest must come
};

// An ordered, reliable byte stream to one peer. How blocking blocks is the stream's business: the
// thread sleeps, a fiber parks, or kWouldBlock is returned; Channel and Connection do not know.
// Threads: one reader and one writer at a time, which may be two threads; Shutdown from any.
class Stream {
 public:
  virtual ~Stream() = default;

  // Reads what is there, at most `into.size()` bytes (at least 1); waits if nothing is.
  // Errors:  kUnavailable - the connection broke. An orderly end is kEof.
  virtual absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint) = 0;

  // Writes all chunks in order, in one system call when the kernel takes them.
  // Errors:  kUnavailable - the peer is gone; part may have been written.
  virtual absl::Status Write(absl::Span<const absl::string_view> chunks) = 0;

  // Ends both directions and wakes a blocked reader or writer; they see kEof / kUnavailable.
  // Idempotent. The descriptor stays owned until destruction.
  virtual void Shutdown() = 0;
};

}  // namespace rpyc

#endif  // RPYC_STREAM_H_
