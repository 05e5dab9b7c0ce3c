#include "rpyc/transport/read_ahead.h"

#include "absl/algorithm/container.h"
#include "rpyc/assert.h"

namespace rpyc {

absl::Status ReadAheadBuffer::Append(absl::string_view bytes) {
  bytes_.erase(0, taken_);
  taken_ = 0;
  status_.Update(charge_.Resize(bytes_.size() + bytes.size()));
  if (status_.ok()) {
    status_ = OrOutOfMemory([&] {
      bytes_.append(bytes.data(), bytes.size());
      return absl::OkStatus();
    });
  }
  if (!status_.ok()) {
    bytes_ = std::string();
    charge_.ShrinkTo(0);
  }
  return status_;
}

size_t ReadAheadBuffer::Take(absl::Span<char> into) {
  const absl::string_view piece = bytes().substr(0, into.size());
  absl::c_copy(piece, into.begin());
  taken_ += piece.size();
  RPYC_ASSERT(taken_ <= bytes_.size());
  if (empty()) {
    bytes_ = std::string();  // frees the memory
    taken_ = 0;
    charge_.ShrinkTo(0);
  }
  return piece.size();
}

}  // namespace rpyc
