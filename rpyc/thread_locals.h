#ifndef RPYC_THREAD_LOCALS_H_
#define RPYC_THREAD_LOCALS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "rpyc/cpp20.h"

namespace rpyc {

class Fiber;
class HeldRunLock;

// What a thread of control has of its own, be it a thread or one of the fibers that share a thread.
// It takes the place of thread_local, which belongs to the thread: a switch from one fiber to
// another exchanges it whole. Only the file named beside a member uses it.
struct ThreadLocals {
  static ThreadLocals& Current();

  Fiber* fiber = nullptr;                // fiber.h; null: the thread itself
  uint64_t id = 0;                       // thread_id.h; 0: has none yet
  HeldRunLock* held_run_lock = nullptr;  // held_run_lock.h; the innermost
  int discard_depth = 0;                 // discard.h; and what the outermost has yet to destroy
  std::vector<std::shared_ptr<void>>* discarded = nullptr;
};

namespace thread_locals_internal {
extern constinit thread_local ThreadLocals current;
}  // namespace thread_locals_internal

inline ThreadLocals& ThreadLocals::Current() { return thread_locals_internal::current; }

}  // namespace rpyc

#endif  // RPYC_THREAD_LOCALS_H_
