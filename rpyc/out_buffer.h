#ifndef RPYC_OUT_BUFFER_H_
#define RPYC_OUT_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Bytes on their way out: small pieces are copied into one run, a long string is taken over whole
// and never copied. The chunks are meant for one writev.
// Owns everything appended.
// Threads: one at a time.
class OutBuffer {
 public:
  // Strings of at least this many bytes are taken over instead of copied.
  static constexpr size_t kMoveThresholdBytes = 16 << 10;

  // Copies `bytes`.
  void Append(absl::string_view bytes) {
    Tail().append(bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void AppendByte(uint8_t byte) {
    Tail().push_back(static_cast<char>(byte));
    ++size_;
  }
  // Appends the number in big-endian order.
  void AppendU32(uint32_t value);
  void AppendU64(uint64_t value);
  // Takes `bytes` over if it is long, else copies it.
  void AppendOwned(std::string&& bytes);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Overwrites 4 bytes at `position`, which must have been appended by AppendU32 or piecewise into
  // one copied run.
  void PatchU32(size_t position, uint32_t value);

  // Drops what was appended since size() was `size`, to undo a half-encoded message.
  void Truncate(size_t size);

  // The content in order, no chunk empty; views stay valid until the next non-const call.
  absl::InlinedVector<absl::string_view, 4> Chunks() const;
  std::string ToString() const;

  // Empties the buffer; keeps a small run's storage for reuse, so that short messages cost no
  // allocation.
  void Clear();

 private:
  struct Chunk {
    std::string data;
    bool owned;  // it was taken over whole, and nothing is appended to it
  };

  // The run that small pieces are appended to.
  std::string& Tail() {
    if (chunks_.empty() || chunks_.back().owned) AddRun();
    return chunks_.back().data;
  }
  void AddRun();

  std::vector<Chunk> chunks_;
  size_t size_ = 0;  // of all chunks
};

}  // namespace rpyc

#endif  // RPYC_OUT_BUFFER_H_
