#include "rpyc/frame_ends.h"

#include <algorithm>

namespace rpyc {

size_t FrameEnds::Take(absl::string_view bytes) {
  size_t taken = 0;
  while (header_bytes_ < header_.size() && taken < bytes.size()) {
    header_[header_bytes_++] = bytes[taken++];
    if (header_bytes_ < header_.size()) continue;
    left_ = FrameBytes(absl::string_view(header_.data(), header_.size())) - header_.size();
  }
  if (header_bytes_ < header_.size()) return taken;
  const size_t more = std::min(left_, bytes.size() - taken);
  left_ -= more;
  if (left_ == 0) header_bytes_ = 0;
  return taken + more;
}

}  // namespace rpyc
