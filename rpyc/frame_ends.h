#ifndef RPYC_FRAME_ENDS_H_
#define RPYC_FRAME_ENDS_H_

#include <array>
#include <cstddef>

#include "absl/strings/string_view.h"
#include "rpyc/channel.h"

namespace rpyc {

// Finds where frames end in bytes that come in pieces of any size.
// Threads: one.
class FrameEnds {
 public:
  // Returns how many of `bytes`, which follow those of the last call, belong to the frame that has
  // begun or begins with them: all, or those up to its end. At least 1, if there are any.
  size_t Take(absl::string_view bytes);
  // Whether what was taken last ends a frame.
  bool at_end() const { return header_bytes_ == 0; }

 private:
  std::array<char, kFrameHeaderBytes> header_ = {};
  size_t header_bytes_ = 0;  // how many bytes of header_ are known; 0 between frames
  size_t left_ = 0;          // how many bytes of the frame, behind its header, are to come
};

}  // namespace rpyc

#endif  // RPYC_FRAME_ENDS_H_
