#include "rpyc/testing/allocation_meter.h"

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

bool counting = false;
size_t allocations = 0;
int64_t held_bytes = 0;
int64_t peak_bytes = 0;
bool failing = false;
size_t until_failure = 0;

void* Allocate(size_t size) {
  if (failing && until_failure-- == 0) {
    failing = false;
    throw std::bad_alloc();
  }
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  if (counting) {
    ++allocations;
    held_bytes += malloc_usable_size(block);
    peak_bytes = std::max(peak_bytes, held_bytes);
  }
  return block;
}

void Deallocate(void* block) {
  if (counting) held_bytes -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* block) noexcept { Deallocate(block); }
void operator delete[](void* block) noexcept { Deallocate(block); }
void operator delete(void* block, size_t) noexcept { Deallocate(block); }
void operator delete[](void* block, size_t) noexcept { Deallocate(block); }

namespace rpyc {

AllocationMeter::AllocationMeter() {
  ::allocations = 0;
  ::held_bytes = ::peak_bytes = 0;
  ::counting = true;
}

AllocationMeter::~AllocationMeter() { ::counting = ::failing = false; }

size_t AllocationMeter::allocations() const { return ::allocations; }
size_t AllocationMeter::held_bytes() const { return static_cast<size_t>(::held_bytes); }
size_t AllocationMeter::peak_bytes() const { return static_cast<size_t>(::peak_bytes); }

void AllocationMeter::FailAfter(size_t allocations) {
  ::until_failure = allocations;
  ::failing = true;
}

bool AllocationMeter::StopFailing() { return !std::exchange(::failing, false); }

}  // namespace rpyc
