#ifndef RPYC_TRANSPORT_READ_AHEAD_H_
#define RPYC_TRANSPORT_READ_AHEAD_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/byte_budget.h"

namespace rpyc {

// A stream reads ahead at most so many bytes at once.
inline constexpr size_t kReadAheadPieceBytes = 64 << 10;

// The bytes that a stream has read ahead, before its reader asked for them. It takes no memory
// while it is empty.
// Threads: one at a time.
class ReadAheadBuffer {
 public:
  bool empty() const { return size() == 0; }
  size_t size() const { return bytes_.size() - taken_; }
  absl::string_view bytes() const { return absl::string_view(bytes_).substr(taken_); }

  // Counts the bytes in `budget`, which outlives this. Call it before Append.
  void UseBudget(ByteBudget* budget) { charge_ = ByteCharge(budget); }

  // Adds bytes at the end.
  // Errors:  OutOfMemory - no memory, or no room in the budget: all bytes are lost, and status
  //          says so from then on.
  absl::Status Append(absl::string_view bytes);
  // Whether there are no bytes to take and no error to report.
  bool idle() const { return bytes_.empty() && status_.ok(); }
  const absl::Status& status() const { return status_; }
  // Moves the first bytes out, as many as `into` has room for. Returns: how many.
  size_t Take(absl::Span<char> into);

 private:
  std::string bytes_;
  size_t taken_ = 0;  // so many of bytes_ have been taken
  ByteCharge charge_;
  absl::Status status_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_READ_AHEAD_H_
