#ifndef RPYC_CAST_CALLBACK_H_
#define RPYC_CAST_CALLBACK_H_

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/method.h"
#include "rpyc/bind/shape.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/object.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace rpyc {

template <typename Signature>
class Listener;

namespace cast_internal {

// Checks that Python could call `value`.
// Errors:  TypeError - Python could not call it.
absl::Status CheckCallable(const CallContext& context, const Value& value);

// Makes a Python callable that runs `member`.
Value MakeFunction(Member member);

// Returns a name such as "Callable[[int, str], float]".
std::string CallableName(std::vector<std::string> parameters, std::string result);

template <typename A>
inline constexpr bool kMayChange =
    std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>;

// Python would get a copy of what this reference refers to.
template <typename A>
inline constexpr bool kCopiesExposed =
    std::is_lvalue_reference_v<A>&& HoldsExposed<std::decay_t<A>>::value;

// Says whether F has an operator() and a Cast of its own.
template <typename F>
inline constexpr bool kIsNoPlainCallable = false;
template <typename Signature>
inline constexpr bool kIsNoPlainCallable<std::function<Signature>> = true;
template <typename Signature>
inline constexpr bool kIsNoPlainCallable<Listener<Signature>> = true;

// F is a lambda, a function pointer, or another object with one operator().
template <typename F>
concept PlainCallable = bind_internal::ShapeOf<F>::kKnown && !std::is_member_pointer_v<F> &&
                        !kIsNoPlainCallable<F> && !Exposed<F>;

}  // namespace cast_internal

// Takes any Python callable. A call of it waits for the answer, at most sync_request_timeout (a
// rpyc::Listener waits for nothing). It throws RemoteError for what the callable raises, and for a
// result that is no R, unless R is an absl::StatusOr. The function may be kept, and called later
// from any thread. When it goes out it is a Python callable; an empty one is None.
template <typename R, typename... A>
struct Cast<std::function<R(A...)>> {
  static absl::StatusOr<std::function<R(A...)>> From(const CallContext& context, Value& value) {
    static_assert((... && !cast_internal::kMayChange<A>),
                  "rpyc: a Python callable cannot change its arguments; let the std::function take "
                  "them by value or by const reference, and an exposed object by std::shared_ptr");
    static_assert(
        (... || cast_internal::kMayChange<A>) || (... && !cast_internal::kCopiesExposed<A>),
        "rpyc: a Python callable would get a copy of this argument, and what it changes "
        "in it would be lost; let the std::function take an exposed object by "
        "std::shared_ptr, or by value");
    absl::Status callable = cast_internal::CheckCallable(context, value);
    if (!callable.ok()) return callable;
    return netref_internal::Typed<R(A...)>::Make(
        Netref(std::move(value), context.WithDefaultTimeout()));
  }
  static Value To(std::function<R(A...)> function) {
    if (function == nullptr) return Value();
    return cast_internal::MakeFunction(MakeMethod<void>("<lambda>", std::move(function)));
  }
  static std::string Name() {
    return cast_internal::CallableName({Cast<std::decay_t<A>>::Name()...},
                                       bind_internal::ResultName<ReturnPolicy::Default, R>());
  }
};

// This converts only from C++ to Python: as a parameter take a std::function.
template <typename F>
struct Cast<F, std::enable_if_t<cast_internal::PlainCallable<F>>> {
  static Value To(F function) {
    return cast_internal::MakeFunction(MakeMethod<void>("<lambda>", std::move(function)));
  }
  static std::string Name() { return "Callable"; }
};

}  // namespace rpyc

#endif  // RPYC_CAST_CALLBACK_H_
