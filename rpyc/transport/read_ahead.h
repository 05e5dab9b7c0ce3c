#ifndef RPYC_TRANSPORT_READ_AHEAD_H_
#define RPYC_TRANSPORT_READ_AHEAD_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/byte_budget.h"

namespace rpyc {

// What a stream has read before anybody asked for it. Takes no memory while it is empty.
// Threads: one at a time.
class ReadAheadBuffer {
 public:
  bool empty() const { return size() == 0; }
  size_t size() const { return bytes_.size() - taken_; }
  absl::string_view bytes() const { return absl::string_view(bytes_).substr(taken_); }

  // Has it count in `budget`, which outlives it; before Append.
  void UseBudget(ByteBudget* budget) { charge_ = ByteCharge(budget); }

  // Errors:  OutOfMemory - also of the budget: all is lost then, and stays so, see status.
  absl::Status Append(absl::string_view bytes);
  // Whether there is nothing to Take, nor an error to tell.
  bool idle() const { return bytes_.empty() && status_.ok(); }
  const absl::Status& status() const { return status_; }
  // Moves the first bytes out, as many as `into` has room for. Returns: how many.
  size_t Take(absl::Span<char> into);

 private:
  std::string bytes_;  // of which so many are gone:
  size_t taken_ = 0;
  ByteCharge charge_;
  absl::Status status_;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_READ_AHEAD_H_
