#ifndef RPYC_DIALECT_PROBE_H_
#define RPYC_DIALECT_PROBE_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/dialect.h"
#include "rpyc/limits.h"
#include "rpyc/stream.h"

namespace rpyc {

// A stream to a peer and the dialect that the peer speaks.
struct ProbedStream {
  std::unique_ptr<Stream> stream;
  Dialect dialect = Dialect::kUnknown;
};

// Finds out which dialect a peer speaks, which RPyC has no way to ask, by what it does with a PING
// of RPyC 6. With a peer of 6 that takes one round trip and one connection. A peer of 4 and 5
// cannot read it and says so in its own dialect, then hangs up: a second connection is made, and
// asked in that dialect. Some hang up without a word, and RPyC's ThreadPoolServer of the other
// dialect keeps silent for ever: after half a second without an answer a PING of RPyC 5 goes out on
// a second connection, and the first peer that speaks decides. A wrong guess uses up a server that
// takes one connection only, and the error says so.
//
// `dial` makes a connection. The answer to the PING is left in the stream: a Connection that reads
// it drops it, as it has no request of that number.
// Errors:  what `dial` returns; kUnavailable - the peer hung up on both; kDeadlineExceeded - it
//          kept silent until `deadline`; kInvalidArgument - it speaks, but not RPyC.
// Wire:    PING with the sequence number -1.
// Source:  seen with ThreadedServer, ThreadPoolServer, ForkingServer and OneShotServer of 4.1.5,
//          5.3.1 and 6.0.2.
absl::StatusOr<ProbedStream> ProbeDialect(
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Stream>>()> dial, const Limits& limits,
    absl::Time deadline);

}  // namespace rpyc

#endif  // RPYC_DIALECT_PROBE_H_
