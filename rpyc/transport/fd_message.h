#ifndef RPYC_TRANSPORT_FD_MESSAGE_H_
#define RPYC_TRANSPORT_FD_MESSAGE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rpyc/transport/fd.h"

namespace rpyc {

// What processes of one program tell each other: a few bytes, and descriptors that go with them.
struct FdMessage {
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kMaxFds = 4;

  std::string bytes;
  std::vector<Fd> fds;  // the receiver's own; closed by exec
};

// Two ends of a channel that keeps messages apart (SOCK_SEQPACKET); closed by exec.
// Errors:  kResourceExhausted - out of descriptors.
absl::StatusOr<std::pair<Fd, Fd>> FdMessageChannel();

// Sends one message, waiting for room. `fds` stay the caller's. Errors:  kUnavailable - the other
// end has gone; kInvalidArgument - more than a message holds.
// Threads: any; messages are whole.
absl::Status SendFdMessage(int channel, absl::string_view bytes, absl::Span<const int> fds = {});
// The same if there is room. Errors:  kUnavailable - also if there is none.
absl::Status TrySendFdMessage(int channel, absl::string_view bytes);

// Waits for the next message. Errors:  kUnavailable - the other end has gone, or it sent what is no
// message; kDeadlineExceeded.
// Threads: one at a time.
absl::StatusOr<FdMessage> ReceiveFdMessage(int channel,
                                           absl::Time deadline = absl::InfiniteFuture());

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_FD_MESSAGE_H_
