#ifndef RPYC_LIMITS_H_
#define RPYC_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// What one peer may cost. Python's RPyC has none of these limits; the defaults are the control
// plane's.
// A request over a limit fails by an exception that names it, a ValueError unless said otherwise,
// and the connection goes on; so does one of ours whose answer is over a limit.
struct Limits {
  // Payload bytes of one frame as transmitted. A longer one is not kept: its bytes are dropped as
  // they come. The connection ends if there would be too many of them, or no head can be read.
  uint32_t max_frame_bytes = 64u << 20;
  // Bytes a compressed payload may inflate to.
  uint32_t max_inflated_bytes = 64u << 20;
  // Memory that the values decoded from one payload may take; more is a MemoryError. A tuple of
  // one-byte items takes 40 times its encoding, and small nested tuples over 100 times, so this
  // and not max_frame_bytes bounds what a hostile frame costs. Strings take what they take on the
  // wire: keep this at or above the two sizes.
  size_t max_decoded_bytes = 256u << 20;
  // Bytes that all connections of a server may hold together, of what has been received and not yet
  // answered: unfinished frames, decoded values, what was read ahead, and replies that were not
  // taken. A request over it is a MemoryError. 0: as much as the host allows all its servers.
  size_t max_total_bytes = 0;
  // Nested containers in one value. Values are decoded, encoded and destroyed by recursion, at up
  // to about 400 bytes of stack a level; boxed tuples are unboxed at up to about 900.
  int max_nesting = 200;
  // Decimal digits of one int, CPython's own bound.
  int max_int_digits = 4300;
  // Objects of ours that one connection may hold; one more is a MemoryError for that call alone.
  size_t max_local_objects = 1'000'000;
  // Bytes read ahead for a connection whose method still runs.
  size_t max_read_ahead_bytes = 16u << 20;
  // How deep calls of one connection may nest, by way of callbacks.
  int max_callback_depth = 64;
  // A connection is closed after so long without a request; 0: never.
  absl::Duration idle_timeout = absl::ZeroDuration();
  // A connection ends when of a frame that has begun fewer than kMinFrameProgressBytes have come in
  // this time, while it was being read: a slow peer has as long as it needs, a silent one has not.
  absl::Duration frame_timeout = absl::Seconds(60);
  static constexpr int64_t kMinFrameProgressBytes = 4 << 10;
};

}  // namespace rpyc

#endif  // RPYC_LIMITS_H_
