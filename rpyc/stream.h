#ifndef RPYC_STREAM_H_
#define RPYC_STREAM_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rpyc/cpp20.h"

namespace rpyc {

class ByteBudget;

// What a read found.
struct ReadResult {
  enum Outcome { kData, kEof, kWouldBlock };
  Outcome outcome;
  size_t bytes = 0;  // for kData, at least 1
  // For kData: the read left nothing, so that Wait, or epoll on the descriptor, tells when to read
  // again. False: there may be more.
  bool drained = false;
};

// Says what the reader holds already, which decides whether a peer that waits for our ACK gets it.
enum class ReadHint {
  kBetweenFrames,  // it holds nothing, or whole frames only
  kInsideFrame,  // it holds the start of a frame: ReadSome acknowledges it, so that the rest comes
};

// An ordered, reliable byte stream to one peer. How blocking blocks is the stream's business: the
// thread sleeps, a fiber parks, or kWouldBlock is returned; Channel and Connection do not know.
// Threads: one reader and one writer at a time, which may be two threads; Shutdown from any.
//          ReadAhead and read_ahead are reads: no other thread may read meanwhile.
class Stream {
 public:
  virtual ~Stream() = default;

  // Reads what is there, at most `into.size()` bytes (at least 1). If there is nothing it waits,
  // and returns kWouldBlock at `deadline`.
  // Errors:  kUnavailable - the connection broke. An orderly end is kEof.
  virtual absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                              absl::Time deadline = absl::InfiniteFuture()) = 0;

  // Takes at most `max_bytes` of what has arrived into a buffer of the stream's own, without
  // waiting; the next ReadSome hands it out first. Over TLS the buffer holds plaintext: the part of
  // a record that cannot be decrypted yet is not in it.
  // Errors:  as ReadSome's.
  virtual absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) = 0;
  virtual size_t read_ahead_bytes() const = 0;
  // What that buffer holds, as ReadSome will give it.
  virtual absl::string_view read_ahead() const = 0;
  // Whether ReadSome would find something that has left the kernel already, of which no descriptor
  // tells.
  virtual bool has_buffered() const { return read_ahead_bytes() > 0; }

  // Has what has been received acknowledged at once, and not only with the next bytes that are
  // sent or after the kernel's delay of 40 ms. A peer that keeps Nagle's algorithm on, as every
  // stock Python peer does, holds its next small message back until then. The reader calls it.
  virtual void Acknowledge() {}

  // Writes as much of the chunks, in order, as is taken without waiting, in one system call, and
  // returns how many bytes that is. The next call must begin with the bytes behind these,
  // unchanged, at any address: a stream that encrypts may have begun to send them. Errors:
  // kUnavailable - the peer is gone.
  virtual absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) = 0;
  // Waits for an event: that ReadSome or ReadAhead would find something, or that WriteSome would
  // take something; kEither is the latter, or that ReadAhead would find more than is read ahead
  // already. False: `deadline` has passed without it.
  enum class Event { kReadable, kWritable, kEither };
  virtual bool Wait(Event event, absl::Time deadline) = 0;

  // Counts what is read ahead in `budget`, which outlives the stream. Before anything is read. If
  // the budget has no room the stream breaks: OutOfMemory.
  virtual void UseBudget(ByteBudget* budget) { static_cast<void>(budget); }

  // Ends both directions and wakes a blocked reader or writer; they see kEof / kUnavailable.
  // Idempotent. The descriptor stays owned until destruction.
  virtual void Shutdown() = 0;

  // Ends the reading direction, unless something has arrived that has not been read: a reader that
  // waits sees kEof. What is written still reaches the peer. Any thread may call it.
  virtual void EndReadingIfIdle() { Shutdown(); }

  // Writes all chunks, waiting as long as it takes.
  // Errors:  as WriteSome's; a part may have been written.
  absl::Status WriteAll(absl::Span<const absl::string_view> chunks);
};

}  // namespace rpyc

#endif  // RPYC_STREAM_H_
