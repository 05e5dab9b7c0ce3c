#ifndef RPYC_TESTING_ALLOCATION_METER_H_
#define RPYC_TESTING_ALLOCATION_METER_H_

#include <cstddef>

namespace rpyc {

// Counts what operator new hands out in this program while it lives, and may have one allocation
// fail; one meter at a time. Linking this replaces the program's operator new and delete. Blocks
// from malloc itself are not seen.
// Threads: a program with one thread.
class AllocationMeter {
 public:
  AllocationMeter();
  ~AllocationMeter();
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;

  size_t allocations() const;
  // Beyond what was held at the start.
  size_t held_bytes() const;
  size_t peak_bytes() const;  // the most at one time

  // The next allocation but `allocations` throws std::bad_alloc; the ones after it do not.
  void FailAfter(size_t allocations);
  // Takes FailAfter back. Returns whether the allocation has failed.
  bool StopFailing();
};

}  // namespace rpyc

#endif  // RPYC_TESTING_ALLOCATION_METER_H_
