#ifndef RPYC_DIALECT_H_
#define RPYC_DIALECT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/brine.h"
#include "rpyc/out_buffer.h"
#include "rpyc/protocol_constants.h"

namespace rpyc {

// The two wire dialects, which differ only in how a payload begins.
// Wire:    kV5 (RPyC 4.1 - 5.3): brine 3-tuple (msg, seq, args), so byte 0 is 0x12.
//          kV6 (RPyC 6): one raw byte msg (1..3), then brine 2-tuple (seq, args).
// Source:  RPyC core/protocol.py, Connection._send and _dispatch, 5.3.1 and 6.0.2.
enum class Dialect : uint8_t { kUnknown, kV5, kV6 };

// Tells the dialect from a payload's first byte; kUnknown if it fits neither.
Dialect DetectDialect(absl::string_view payload);

// The head of a message. `seq` is the encoded sequence number as the peer wrote it: any value is
// legal and is echoed unchanged. It is part of the payload.
struct MessageHead {
  MessageType type;
  absl::string_view seq;
};

// Reads a head from the start of a payload; `reader` then stands at the args.
// Errors:  kInvalidArgument - not a message of this dialect; what brine::Reader says.
absl::StatusOr<MessageHead> ReadMessageHead(Dialect dialect, brine::Reader* reader);

// Appends a head with an already encoded sequence number; the args must follow.
void AppendMessageHead(Dialect dialect, MessageType type, absl::string_view encoded_seq,
                       OutBuffer* out);

}  // namespace rpyc

#endif  // RPYC_DIALECT_H_
