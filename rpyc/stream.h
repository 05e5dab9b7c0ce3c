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
  // Of kData: nothing more was there, so that Wait or whoever watches the descriptor tells when to
  // read again. False: perhaps there is.
  bool drained = false;
};

// What the reader holds already; decides whether a peer that waits for our ACK is helped.
enum class ReadHint {
  kBetweenFrames,  // nothing, or whole frames only
  kInsideFrame,    // the start of a frame whose rest must come: ReadSome acknowledges it
};

// An ordered, reliable byte stream to one peer. How blocking blocks is the stream's business: the
// thread sleeps, a fiber parks, or kWouldBlock is returned; Channel and Connection do not know.
// Threads: one reader and one writer at a time, which may be two threads; Shutdown from any.
// ReadAhead and read_ahead are reads: whoever calls them keeps the reader away meanwhile.
class Stream {
 public:
  virtual ~Stream() = default;

  // Reads what is there, at most `into.size()` bytes (at least 1); waits if nothing is, until
  // `deadline`: kWouldBlock then.
  // Errors:  kUnavailable - the connection broke. An orderly end is kEof.
  virtual absl::StatusOr<ReadResult> ReadSome(absl::Span<char> into, ReadHint hint,
                                              absl::Time deadline = absl::InfiniteFuture()) = 0;

  // Takes at most `max_bytes` of what has arrived into a buffer of the stream's own, without
  // waiting; the next ReadSome hands it out first. Results and errors as ReadSome's.
  virtual absl::StatusOr<ReadResult> ReadAhead(size_t max_bytes) = 0;
  virtual size_t read_ahead_bytes() const = 0;
  // What that buffer holds, as ReadSome will give it; empty if that cannot be known yet (TLS).
  virtual absl::string_view read_ahead() const = 0;
  // Whether ReadSome would find something that has left the kernel already: no descriptor tells.
  virtual bool has_buffered() const { return read_ahead_bytes() > 0; }

  // Has what has been received acknowledged at once, and not only with the next bytes that are
  // sent or after the kernel's delay of 40 ms. A peer that keeps Nagle's algorithm on, as every
  // stock Python peer does, holds its next small message back until then. By the reader.
  virtual void Acknowledge() {}

  // Writes of the chunks, in order, what is taken without waiting, in one system call.
  // Returns: how many bytes; 0 if none. The next call begins with the bytes behind these, the same
  // as now, at whatever address: a stream that encrypts may have begun to send them.
  // Errors:  kUnavailable - the peer is gone.
  virtual absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) = 0;
  // Waits until ReadSome or ReadAhead would find something, or WriteSome take something; for
  // kEither, WriteSome or, beyond what is read ahead already, ReadAhead. False: none, and
  // `deadline` has passed.
  enum class Event { kReadable, kWritable, kEither };
  virtual bool Wait(Event event, absl::Time deadline) = 0;

  // Has what is read ahead count in `budget`, which outlives it. Before anything is read. A stream
  // that it has no room for breaks: OutOfMemory.
  virtual void UseBudget(ByteBudget* budget) { static_cast<void>(budget); }

  // Ends both directions and wakes a blocked reader or writer; they see kEof / kUnavailable.
  // Idempotent. The descriptor stays owned until destruction.
  virtual void Shutdown() = 0;

  // Ends the reading direction, unless something has arrived that has not been read: a reader that
  // waits sees kEof. What is written still reaches the peer. By any thread.
  virtual void EndReadingIfIdle() { Shutdown(); }

  // Writes all chunks, waiting as long as it takes. Errors as WriteSome's; part may be written.
  absl::Status WriteAll(absl::Span<const absl::string_view> chunks);
};

}  // namespace rpyc

#endif  // RPYC_STREAM_H_
