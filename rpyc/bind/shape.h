#ifndef RPYC_BIND_SHAPE_H_
#define RPYC_BIND_SHAPE_H_

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rpyc/bind/args.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/call_context.h"

// This header reads off the type of a C++ callable what it takes and gives.
namespace rpyc::bind_internal {

template <typename R, typename... A>
struct Shape {
  static constexpr bool kKnown = true;
  using Result = R;
  using Parameters = std::tuple<A...>;
};

// F is a function pointer, a pointer to a member function, or an object with one operator().
template <typename F>
struct ShapeOf {
  static constexpr bool kKnown = false;
};
template <typename F>
requires requires { &F::operator(); }
struct ShapeOf<F> : ShapeOf<decltype(&F::operator())> {};
template <typename R, typename... A>
struct ShapeOf<R (*)(A...)> : Shape<R, A...> {};
template <typename R, typename... A>
struct ShapeOf<R (*)(A...) noexcept> : Shape<R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...)> : Shape<R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) const> : Shape<R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) noexcept> : Shape<R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) const noexcept> : Shape<R, A...> {};

template <typename P>
inline constexpr bool kIsContext = std::is_same_v<std::decay_t<P>, CallContext>;

// P refers to the object of class T itself or to its base, const or not.
template <typename T, typename P>
inline constexpr bool kIsSelf =
    std::is_lvalue_reference_v<P>&& std::is_base_of_v<std::decay_t<P>, T>;

// P is the owner of the object, a shared_ptr<T>.
template <typename T, typename P>
inline constexpr bool kIsOwner = std::is_same_v<std::decay_t<P>, std::shared_ptr<T>> &&
                                 (!std::is_reference_v<P> ||
                                  std::is_const_v<std::remove_reference_t<P>>);
template <typename P>
inline constexpr bool kIsOwner<void, P> = false;

// Separates the parameters that Python does not pass (the object and the CallContext, in either
// order, at the front) from those that it passes.
template <typename T, bool kObject, bool kContext, typename Parameters, typename... Leading>
struct Split {
  static constexpr bool kTakesObject = false;
  using Hidden = std::tuple<Leading...>;
  using Python = Parameters;
};
template <typename T, bool kObject, bool kContext, typename First, typename... Rest,
          typename... Leading>
requires(kContext&& kIsContext<First>)  //
    struct Split<T, kObject, kContext, std::tuple<First, Rest...>, Leading...>
    : Split<T, kObject, false, std::tuple<Rest...>, Leading..., First> {
};
template <typename T, bool kObject, bool kContext, typename First, typename... Rest,
          typename... Leading>
requires(kObject && (kIsSelf<T, First> || kIsOwner<T, First>))  //
    struct Split<T, kObject, kContext, std::tuple<First, Rest...>, Leading...>
    : Split<T, false, kContext, std::tuple<Rest...>, Leading..., First> {
  static constexpr bool kTakesObject = true;
};

// Returns the argument for the hidden parameter P.
template <typename T, typename P>
decltype(auto) HiddenArgument(const MemberCall& call) {
  if constexpr (kIsContext<P>) {
    return (call.context);
  } else if constexpr (kIsOwner<T, P>) {
    return std::static_pointer_cast<T>(call.self);
  } else {
    return static_cast<P>(*static_cast<T*>(call.self.get()));
  }
}

template <typename P>
inline constexpr bool kIsArgs = std::is_same_v<std::decay_t<P>, Args>;
template <typename P>
inline constexpr bool kIsKwargs = std::is_same_v<std::decay_t<P>, Kwargs>;

// Counts the parameters that take one argument each.
template <typename Tuple>
inline constexpr size_t kOrdinaryCount = 0;
template <typename... P>
inline constexpr size_t kOrdinaryCount<std::tuple<P...>> = (size_t{0} + ... +
                                                            (kIsArgs<P> || kIsKwargs<P> ? 0 : 1));

// Checks for at most one Args and at most one Kwargs, with Kwargs last.
template <typename Tuple>
inline constexpr bool kRestInOrder = true;
template <typename First, typename... P>
inline constexpr bool kRestInOrder<std::tuple<First, P...>> =
    kRestInOrder<std::tuple<P...>> && !(kIsArgs<First> && (... || kIsArgs<P>)) &&
    !(kIsKwargs<First> && sizeof...(P) > 0);

// Says whether a parameter that takes one argument follows Args.
template <typename Tuple>
inline constexpr bool kHasKeywordOnly = false;
template <typename First, typename... P>
inline constexpr bool kHasKeywordOnly<std::tuple<First, P...>> =
    (kIsArgs<First> && kOrdinaryCount<std::tuple<P...>> > 0) || kHasKeywordOnly<std::tuple<P...>>;

}  // namespace rpyc::bind_internal

#endif  // RPYC_BIND_SHAPE_H_
