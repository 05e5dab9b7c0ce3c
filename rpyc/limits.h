#ifndef RPYC_LIMITS_H_
#define RPYC_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace rpyc {

// What one peer may cost. Python's RPyC has none of these; the defaults are the control plane's.
struct Limits {
  // Payload bytes of one frame as transmitted; a longer frame closes the connection.
  uint32_t max_frame_bytes = 64u << 20;
  // Bytes a compressed payload may inflate to; more closes the connection.
  uint32_t max_inflated_bytes = 64u << 20;
  // Memory that the values decoded from one payload may take; more closes the connection. A tuple
  // of one-byte items takes 40 times its encoding, and small nested tuples over 100 times, so this
  // and not max_frame_bytes bounds what a hostile frame costs. Strings take what they take on the
  // wire: keep this at or above the two sizes.
  size_t max_decoded_bytes = 256u << 20;
  // Nested containers in one value; deeper closes the connection. Values are decoded, encoded and
  // destroyed by recursion, at up to about 400 bytes of stack a level; boxed tuples are
  // unboxed at up to about 900.
  int max_nesting = 200;
  // Decimal digits of one int, CPython's own bound; more closes the connection.
  int max_int_digits = 4300;
  // Objects of ours that one connection may hold; one more is a MemoryError for that call alone.
  size_t max_local_objects = 1'000'000;
  // Bytes read ahead for a connection whose method still runs.
  size_t max_read_ahead_bytes = 16u << 20;
  // Calls within calls of one connection, by way of callbacks.
  int max_callback_depth = 64;
  // After how long without a request a connection is closed; 0: never.
  absl::Duration idle_timeout = absl::ZeroDuration();
};

}  // namespace rpyc

#endif  // RPYC_LIMITS_H_
