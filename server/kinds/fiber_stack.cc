#include "server/kinds/fiber_stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "server/kinds/sanitizers.h"

#if RPYC_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace rpyc {
namespace {

size_t PageBytes() {
  static const size_t bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

absl::Status OutOfStacks(size_t bytes, int error) {
  return ErrnoStatus(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("a fiber's stack of ", bytes, " bytes"), error);
}

}  // namespace

absl::StatusOr<FiberStack> FiberStack::Map(size_t bytes) {
  const size_t page = PageBytes();
  FiberStack stack;
  stack.bytes_ = (bytes + page - 1) / page * page;
  void* const mapping = ::mmap(nullptr, stack.bytes_ + page, PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return OutOfStacks(bytes, errno);
  stack.mapping_ = static_cast<char*>(mapping);
  if (::mprotect(stack.low(), stack.bytes_, PROT_READ | PROT_WRITE) != 0) {
    return OutOfStacks(bytes, errno);
  }
  return stack;
}

FiberStack::~FiberStack() {
  if (mapping_ == nullptr) return;
#if RPYC_HAS_ASAN
  // Whatever is mapped here next must not inherit the marks of this stack.
  __asan_unpoison_memory_region(low(), bytes_);
#endif
  ::munmap(mapping_, bytes_ + PageBytes());
}

char* FiberStack::low() const { return mapping_ + PageBytes(); }

}  // namespace rpyc
