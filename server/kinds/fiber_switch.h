#ifndef RPYC_SERVER_KINDS_FIBER_SWITCH_H_
#define RPYC_SERVER_KINDS_FIBER_SWITCH_H_

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <functional>

#include "rpyc/thread_locals.h"
#include "server/kinds/fiber_stack.h"
#include "server/kinds/sanitizers.h"

namespace rpyc {

// A function on a stack of its own, which a thread resumes and which suspends itself anywhere in
// the middle. A switch carries along what belongs to a thread of control: ThreadLocals, the
// exceptions that are being handled, the state of the sanitizers. It does not carry thread_local
// variables, and no lock may be held over a switch.
// Owns: the stack.      Threads: always the same one.
class FiberSwitch {
 public:
  // `body` must not throw. It begins with `locals`.
  FiberSwitch(FiberStack stack, const ThreadLocals& locals, std::function<void()> body);
  // The body must have returned, or never have begun.
  ~FiberSwitch();
  FiberSwitch(const FiberSwitch&) = delete;
  FiberSwitch& operator=(const FiberSwitch&) = delete;

  // Runs the body until it suspends itself or returns. Returns false once the body has returned.
  bool Resume();
  // Goes back to the caller of Resume until Resume is called again. Called by the body.
  void Suspend();
  // How much of the stack is left. Called by the body.
  size_t bytes_left() const;

 private:
  // The layout of __cxa_eh_globals in the Itanium C++ ABI: the exceptions that are being handled
  // and the number of those that are being thrown.
  struct Exceptions {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };

  // The first function on the fiber's stack: runs the body.
  static void Begin(boost::context::detail::transfer_t from);
  // Switches from the fiber back to Resume; `for_good` once the body has returned. Called on the
  // fiber's stack.
  void SwitchOut(bool for_good);
  // Notes where to switch back to. Called on the fiber's stack each time it has been entered.
  void OnSwitchedIn(boost::context::detail::transfer_t from);

  const FiberStack stack_;
  const std::function<void()> body_;
  ThreadLocals locals_;
  Exceptions exceptions_;
  // Where the fiber goes on, and where the caller of Resume does. These are not
  // boost::context::fiber, which returns from its last function: TSan would take that for the
  // return of another function.
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
