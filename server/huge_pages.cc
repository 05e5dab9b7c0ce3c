#include "server/huge_pages.h"

#include <fcntl.h>
#include <link.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "rpyc/transport/fd.h"

namespace rpyc {
namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;  // headers older than the kernel lack it
#endif

constexpr uintptr_t kHugePageBytes = 2 << 20;

struct Range {
  uintptr_t begin, end;
  size_t bytes() const { return end - begin; }
};

// The parts of the program's code that fill whole huge pages.
std::vector<Range> HugeCode() {
  std::vector<Range> ranges;
  const auto add = [](dl_phdr_info* program, size_t, void* ranges) {
    for (const ElfW(Phdr) & segment : absl::MakeSpan(program->dlpi_phdr, program->dlpi_phnum)) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
      const uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
      const Range whole = {(begin + kHugePageBytes - 1) & ~(kHugePageBytes - 1),
                           (begin + segment.p_filesz) & ~(kHugePageBytes - 1)};
      if (whole.begin < whole.end) static_cast<std::vector<Range>*>(ranges)->push_back(whole);
    }
    return 1;  // ends the walk: the first entry is the program, the rest are its libraries
  };
  ::dl_iterate_phdr(add, &ranges);
  return ranges;
}

// Maps anonymous memory that begins at a huge page. Null: there is no memory.
void* Reserve(size_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes + kHugePageBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (begin + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  if (aligned != begin) ::munmap(mapped, aligned - begin);
  ::munmap(reinterpret_cast<void*>(aligned + bytes), begin + kHugePageBytes - aligned);
  return reinterpret_cast<void*>(aligned);
}

// Copies the code. The kernel does it, because with ASan there may be guards between constants in
// the code, which no function may read.
bool Read(const Range& code, void* copy) {
  const Fd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  for (size_t done = 0; done < code.bytes();) {
    const ssize_t got = ::pread(memory.get(), static_cast<char*>(copy) + done, code.bytes() - done,
                                static_cast<off_t>(code.begin + done));
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

void Move(const Range& code) {
  void* const copy = Reserve(code.bytes());
  if (copy == nullptr) return;
  void* const place = reinterpret_cast<void*>(code.begin);
  // A copy in small pages would be worse than the original: a fork would copy their page tables.
  const bool ready = Read(code, copy) && ::madvise(copy, code.bytes(), MADV_COLLAPSE) == 0 &&
                     ::mprotect(copy, code.bytes(), PROT_READ | PROT_EXEC) == 0;
  // This replaces the old code in one step, and the running function goes on in the new.
  if (!ready || ::mremap(copy, code.bytes(), code.bytes(), MREMAP_MAYMOVE | MREMAP_FIXED, place) ==
                    MAP_FAILED) {
    ::munmap(copy, code.bytes());
  }
}

}  // namespace

void MoveCodeToHugePages() {
  for (const Range& code : HugeCode()) Move(code);
}

}  // namespace rpyc
