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

// A message between processes of one program: a few bytes, and the descriptors that go with them.
struct FdMessage {
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kMaxFds = 4;

  std::string bytes;
  std::vector<Fd> fds;  // the receiver owns them; exec closes them
};

// Makes the two ends of a channel that keeps messages apart (SOCK_SEQPACKET). Exec closes them.
// Errors:  kResourceExhausted - out of descriptors.
absl::StatusOr<std::pair<Fd, Fd>> FdMessageChannel();

// Sends one message; waits until there is room.
// Errors:  kUnavailable - the other end has gone; kInvalidArgument - a message cannot hold so much.
// Threads: any; messages are not mixed.      Owns: nothing; `fds` stay the caller's.
absl::Status SendFdMessage(int channel, absl::string_view bytes, absl::Span<const int> fds = {});
// Sends one message if there is room for it.
// Errors:  kUnavailable - the other end has gone, or there is no room.
absl::Status TrySendFdMessage(int channel, absl::string_view bytes);

// Waits for the next message, until `deadline`.
// Errors:  kUnavailable - the other end has gone, or sent no valid message; kDeadlineExceeded.
// Threads: one at a time.
absl::StatusOr<FdMessage> ReceiveFdMessage(int channel,
                                           absl::Time deadline = absl::InfiniteFuture());

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_FD_MESSAGE_H_
