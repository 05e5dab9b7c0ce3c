#ifndef RPYC_SERVER_KINDS_FIBER_STACK_H_
#define RPYC_SERVER_KINDS_FIBER_STACK_H_

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"

namespace rpyc {

// Memory for one fiber's stack, with a guard page below it: a fiber that overflows its stack
// crashes there, and spoils nothing else. It takes address space, and memory only where it was
// touched. Move-only.
class FiberStack {
 public:
  // Maps a stack.
  // Units:   bytes, rounded up to whole pages; the guard comes on top.
  // Errors:  kResourceExhausted - out of memory, or of mappings (vm.max_map_count; a stack takes
  // two).
  static absl::StatusOr<FiberStack> Map(size_t bytes);

  FiberStack() = default;
  FiberStack(FiberStack&& other) noexcept
      : mapping_(std::exchange(other.mapping_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  FiberStack& operator=(FiberStack&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~FiberStack();

  // The lowest usable byte, and the number of usable bytes. A stack grows down from the end.
  char* low() const;
  size_t bytes() const { return bytes_; }

 private:
  char* mapping_ = nullptr;  // begins with the guard page
  size_t bytes_ = 0;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FIBER_STACK_H_
