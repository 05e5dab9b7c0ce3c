#ifndef RPYC_TRANSPORT_READ_AHEAD_H_
#define RPYC_TRANSPORT_READ_AHEAD_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rpyc {

// What a stream has read before anybody asked for it. Takes no memory while it is empty.
// Threads: one at a time.
class ReadAheadBuffer {
 public:
  bool empty() const { return size() == 0; }
  size_t size() const { return bytes_.size() - taken_; }
  absl::string_view bytes() const { return absl::string_view(bytes_).substr(taken_); }

  void Append(absl::string_view bytes);
  // Moves the first bytes out, as many as `into` has room for. Returns: how many.
  size_t Take(absl::Span<char> into);

 private:
  std::string bytes_;  // of which so many are gone:
  size_t taken_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_TRANSPORT_READ_AHEAD_H_
