#ifndef RPYC_TESTING_ALLOCATION_METER_H_
#define RPYC_TESTING_ALLOCATION_METER_H_

#include <cstddef>

namespace rpyc {

// Counts what operator new hands out in this program while the meter lives, and may have one
// allocation fail; one meter at a time. Linking this replaces the program's operator new and
// delete. It does not see blocks from malloc itself.
// Threads: a program with one thread.
class AllocationMeter {
 public:
  AllocationMeter();
  ~AllocationMeter();
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;

  size_t allocations() const;
  // How much is held beyond what was held at the start.
  size_t held_bytes() const;
  size_t peak_bytes() const;  // the most at one time

  // Lets `allocations` succeed and has the next one throw std::bad_alloc; those after it do not.
  void FailAfter(size_t allocations);
  // Undoes FailAfter. Returns whether an allocation has failed.
  bool StopFailing();
};

}  // namespace rpyc

#endif  // RPYC_TESTING_ALLOCATION_METER_H_
