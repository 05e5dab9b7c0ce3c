#include "server/kinds/fiber_switch.h"

#include <cxxabi.h>

#include <utility>

#include "rpyc/assert.h"

#if RPYC_HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if RPYC_HAS_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace rpyc {

using boost::context::detail::transfer_t;

FiberSwitch::FiberSwitch(FiberStack stack, const ThreadLocals& locals, std::function<void()> body)
    : stack_(std::move(stack)),
      body_(std::move(body)),
      locals_(locals),
      inside_(boost::context::detail::make_fcontext(stack_.low() + stack_.bytes(), stack_.bytes(),
                                                    &FiberSwitch::Begin)) {
#if RPYC_HAS_TSAN
  tsan_inside_ = __tsan_create_fiber(0);
#endif
}

FiberSwitch::~FiberSwitch() {
  RPYC_ASSERT(returned_ || outside_ == nullptr);
#if RPYC_HAS_TSAN
  __tsan_destroy_fiber(tsan_inside_);
#endif
}

void FiberSwitch::Begin(transfer_t from) {
  FiberSwitch* const self = static_cast<FiberSwitch*>(from.data);
  self->OnSwitchedIn(from);
  self->body_();
  self->returned_ = true;
  self->SwitchOut(/*for_good=*/true);
}

bool FiberSwitch::Resume() {
  RPYC_ASSERT(!returned_);
  // All fibers of the thread share this object, so its content is swapped at each switch.
  Exceptions* const exceptions = reinterpret_cast<Exceptions*>(abi::__cxa_get_globals());
  std::swap(*exceptions, exceptions_);
  std::swap(ThreadLocals::Current(), locals_);
#if RPYC_HAS_ASAN
  void* own_fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&own_fake_stack, stack_.low(), stack_.bytes());
#endif
#if RPYC_HAS_TSAN
  tsan_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_inside_, 0);
#endif
  inside_ = boost::context::detail::jump_fcontext(inside_, this).fctx;
#if RPYC_HAS_ASAN
  __sanitizer_finish_switch_fiber(own_fake_stack, nullptr, nullptr);
#endif
  std::swap(ThreadLocals::Current(), locals_);
  std::swap(*exceptions, exceptions_);
  return !returned_;
}

size_t FiberSwitch::bytes_left() const {
  const char* const here = static_cast<const char*>(__builtin_frame_address(0));
  RPYC_ASSERT(here >= stack_.low() && here < stack_.low() + stack_.bytes());
  return here - stack_.low();
}

void FiberSwitch::Suspend() { SwitchOut(/*for_good=*/false); }

void FiberSwitch::SwitchOut([[maybe_unused]] bool for_good) {
#if RPYC_HAS_ASAN
  // Null tells ASan to free the fake stack.
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, outside_low_, outside_bytes_);
#endif
#if RPYC_HAS_TSAN
  __tsan_switch_to_fiber(tsan_outside_, 0);
#endif
  OnSwitchedIn(boost::context::detail::jump_fcontext(outside_, this));
}

void FiberSwitch::OnSwitchedIn(transfer_t from) {
  outside_ = from.fctx;
#if RPYC_HAS_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &outside_low_, &outside_bytes_);
#endif
}

}  // namespace rpyc
