#ifndef RPYC_SERVER_KINDS_FIBER_SWITCH_H_
#define RPYC_SERVER_KINDS_FIBER_SWITCH_H_

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <functional>

#include "rpyc/thread_locals.h"
#include "server/kinds/fiber_stack.h"
#include "server/kinds/sanitizers.h"

namespace rpyc {

// A function on a stack of its own, which a thread resumes and which suspends itself, in the middle
// of whatever it does. What belongs to a thread of control goes along: ThreadLocals, the exceptions
// that are being handled, what the sanitizers keep. Not thread_local, and no lock may be held over
// a switch.
// Owns the stack. Threads: always the same one.
class FiberSwitch {
 public:
  // `body` must not throw. `locals` is what it begins with.
  FiberSwitch(FiberStack stack, const ThreadLocals& locals, std::function<void()> body);
  // Once the body has returned, or has never begun.
  ~FiberSwitch();
  FiberSwitch(const FiberSwitch&) = delete;
  FiberSwitch& operator=(const FiberSwitch&) = delete;

  // Runs it until it suspends itself or returns. False: it has returned.
  bool Resume();
  // By the body: back to who has resumed it, until that is done again.
  void Suspend();
  // By the body: how much of the stack is left.
  size_t bytes_left() const;

 private:
  // As __cxa_eh_globals of the Itanium C++ ABI: what is being handled, and thrown.
  struct Exceptions {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };

  static void Begin(boost::context::detail::transfer_t from);
  void SwitchOut(bool for_good);
  void OnSwitchedIn(boost::context::detail::transfer_t from);

  const FiberStack stack_;
  const std::function<void()> body_;
  ThreadLocals locals_;
  Exceptions exceptions_;
  // Where each goes on. Not boost::context::fiber, which returns from its last function: TSan would
  // take that for the return of another.
  boost::context::detail::fcontext_t inside_;
  boost::context::detail::fcontext_t outside_ = nullptr;
  bool returned_ = false;
#if RPYC_HAS_ASAN
  void* fake_stack_ = nullptr;
  const void* outside_low_ = nullptr;
  size_t outside_bytes_ = 0;
#endif
#if RPYC_HAS_TSAN
  void* tsan_inside_ = nullptr;
  void* tsan_outside_ = nullptr;
#endif
};

}  // namespace rpyc

#endif  // RPYC_SERVER_KINDS_FIBER_SWITCH_H_
