#ifndef RPYC_BIND_METHOD_H_
#define RPYC_BIND_METHOD_H_

#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/args.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/bind/mentions.h"
#include "rpyc/bind/shape.h"
#include "rpyc/bind/signature.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/cast/duration.h"
#include "rpyc/cast/enum.h"
#include "rpyc/cast/exact.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/map.h"
#include "rpyc/cast/object.h"
#include "rpyc/cast/optional.h"
#include "rpyc/cast/return_policy.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"
#include "rpyc/cast/struct.h"
#include "rpyc/cast/time.h"
#include "rpyc/cast/unique_ptr.h"
#include "rpyc/cast/variant.h"

// This header turns C++ callables into Members. The templates only capture types; all else is
// compiled once.
namespace rpyc {
namespace bind_internal {

// Says what a result becomes.
template <typename Policy, typename R>
struct ResultCast : cast_internal::Returned<Policy, R> {};
template <typename Policy>
struct ResultCast<Policy, absl::Status> {
  static absl::StatusOr<Value> To(const CallContext&, absl::Status status) {
    if (!status.ok()) return status;
    return Value();
  }
  static std::string Name() { return "None"; }
};
template <typename Policy, typename R>
struct ResultCast<Policy, absl::StatusOr<R>> {
  static absl::StatusOr<Value> To(const CallContext& context, absl::StatusOr<R> result) {
    if (!result.ok()) return std::move(result).status();
    return ResultCast<Policy, R>::To(context, *std::move(result));
  }
  static std::string Name() { return ResultCast<Policy, R>::Name(); }
};

// Says as what a result of type R travels. A reference to an exposed object travels as a pointer
// that shares ownership of the function's own object.
template <typename R>
struct Travelling {
  using type = std::decay_t<R>;
};
template <typename R>
inline constexpr bool kRefersToExposed = std::is_lvalue_reference_v<R>&& Exposed<std::decay_t<R>>;
template <typename R>
requires(kRefersToExposed<R>)  //
    struct Travelling<R> {
  using type = std::shared_ptr<std::remove_reference_t<R>>;
};

template <typename Policy, typename R, typename Call>
absl::StatusOr<Value> ToResult(const CallContext& context, Call&& call) {
  if constexpr (std::is_void_v<R>) {
    call();
    return Value();
  } else {
    return ResultCast<Policy, std::decay_t<R>>::To(context, call());
  }
}

template <typename Policy, typename R>
std::string ResultName() {
  if constexpr (std::is_void_v<R>) {
    return "None";
  } else {
    return ResultCast<Policy, typename Travelling<R>::type>::Name();
  }
}

// Says how a parameter of type P is held until the call. An argument of an exposed class is held by
// its owner, so that a function may take a T& or const T&.
template <typename P>
struct Passing {
  using Held = std::decay_t<P>;
  static Held&& Give(Held& held) { return std::move(held); }
};
template <typename P>
requires(std::is_lvalue_reference_v<P>&& Exposed<std::decay_t<P>>)  //
    struct Passing<P> {
  using Held = std::shared_ptr<std::remove_reference_t<P>>;
  static P Give(Held& held) { return *held; }
};
template <typename P>
using Held = typename Passing<P>::Held;

// Checks that a Python argument can become a P, or that a C++ result of type R can become a Python
// value. A type without a Cast is a compile error that says so.
template <typename P>
inline constexpr bool kGoesIn = requires(Value& value) {
  Cast<Held<P>>::From(value);
}
|| requires(const CallContext& context, Value& value) { Cast<Held<P>>::From(context, value); };
template <typename R>
inline constexpr bool kGoesOut = requires(const CallContext& context,
                                          typename Travelling<R>::type&& result) {
  ResultCast<ReturnPolicy::Default, typename Travelling<R>::type>::To(context, std::move(result));
};
template <>
inline constexpr bool kGoesOut<void> = true;

template <typename P>
inline constexpr bool kChangesArgument =
    std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>> &&
    std::is_same_v<Held<P>, std::decay_t<P>>;

// Says whether F is a pointer to a member of T or of its base, or no pointer to a member.
template <typename T, typename F>
inline constexpr bool kMemberOf = true;
template <typename T, typename M, typename C>
inline constexpr bool kMemberOf<T, M C::*> = std::is_base_of_v<C, T>;

template <typename F>
inline constexpr bool kIsConstMember = false;
template <typename C, typename R, typename... A>
inline constexpr bool kIsConstMember<R (C::*)(A...) const> = true;
template <typename C, typename R, typename... A>
inline constexpr bool kIsConstMember<R (C::*)(A...) const noexcept> = true;

// Says whether one of the parameters that Python does not pass is the object or its owner, taken so
// that it can be changed.
template <typename T, typename Hidden>
inline constexpr bool kMayChangeSelf = false;
template <typename T, typename... H>
inline constexpr bool kMayChangeSelf<T, std::tuple<H...>> =
    (... || (!kIsContext<H> && (kIsOwner<T, H> || !std::is_const_v<std::remove_reference_t<H>>)));

// Splits a callable of class T into its parts.
template <typename T, typename F>
struct Callable {
  static constexpr bool kMemberFunction = std::is_member_function_pointer_v<F>;
  using Shape = ShapeOf<F>;
  using Result = typename Shape::Result;
  using Parts = Split<T, !kMemberFunction, true, typename Shape::Parameters>;
  using Hidden = typename Parts::Hidden;
  using Python = typename Parts::Python;  // these are the parameters that Python passes
  static constexpr size_t kCount = std::tuple_size_v<Python>;
  static constexpr bool kTakesObject = kMemberFunction || Parts::kTakesObject;
  // The callable returns a reference to the object itself, for chained calls.
  static constexpr bool kReturnsSelf =
      kTakesObject && std::is_lvalue_reference_v<Result> && std::is_same_v<std::decay_t<Result>, T>;
  // C++ does not call it on a const object.
  static constexpr bool kMayChangeObject =
      kMemberFunction ? !kIsConstMember<F> : kMayChangeSelf<T, Hidden>;
};

template <typename R, typename... P>
constexpr bool CheckTypes(std::tuple<P...>*) {
  constexpr bool kNoChanges = (... && !kChangesArgument<P>);
  static_assert(kNoChanges,
                "rpyc: an exposed function cannot change its caller's arguments; take them by "
                "value or by const reference");
  constexpr bool kContextInFront = (... && !kIsContext<P>);
  static_assert(kContextInFront,
                "rpyc: const rpyc::CallContext& must be the first parameter, or the second after "
                "the object");
  if constexpr (kNoChanges && kContextInFront) {
    constexpr bool kIn = (... && kGoesIn<P>);
    static_assert(kIn, "rpyc: a parameter's type goes only from C++ to Python");
    // An abstract class has no Cast; an earlier assertion has said so.
    constexpr bool kAbstract = (... || std::is_abstract_v<Held<P>>);
    constexpr bool kRest = kRestInOrder<std::tuple<P...>>;
    static_assert(kRest, "rpyc: take at most one rpyc::Args and one rpyc::Kwargs, which is last");
    if constexpr (kIn && kRest && !kAbstract) {
      constexpr bool kOut = kGoesOut<R>;
      static_assert(kOut, "rpyc: the result's type goes only from Python to C++");
      return kOut;
    }
  }
  return false;
}

// A reference to a container of exposed objects would go out as copies of them.
template <typename R, typename Policy>
constexpr bool CheckHolder() {
  constexpr bool kShared =
      !cast_internal::kRefersToHolder<R> || std::is_same_v<Policy, ReturnPolicy::ByValue>;
  static_assert(kShared,
                "rpyc: Python would get copies of the exposed objects in this, and what it changes "
                "in them would be lost; hold std::shared_ptr<T>, or return new ones by value");
  return kShared;
}

// Checks whether class T may expose `F`. If not, that is one compile error in words; the callers
// then use no part of F, so that no further errors follow.
template <typename T, typename F, typename Policy = ReturnPolicy::Default>
constexpr bool CheckCallable() {
  static_assert(ShapeOf<F>::kKnown,
                "rpyc: this is no function; expose a function, a member function, or a lambda "
                "whose parameters have types");
  static_assert(kMemberOf<T, F>,
                "rpyc: a member function of another class than the one being exposed");
  if constexpr (ShapeOf<F>::kKnown && kMemberOf<T, F>) {
    using C = Callable<T, F>;
    using Result = std::conditional_t<C::kReturnsSelf, void, typename C::Result>;
    constexpr bool kOwned = C::kTakesObject || !kRefersToExposed<Result>;
    static_assert(kOwned,
                  "rpyc: a function without an object returns a reference, and nothing says who "
                  "keeps what it refers to alive; return a std::shared_ptr, or a copy by value");
    constexpr bool kShared = CheckHolder<Result, Policy>();
    if constexpr (kOwned && kShared) {
      return CheckTypes<Result>(static_cast<typename C::Python*>(nullptr));
    }
  }
  return false;
}

template <typename P>
constexpr ParameterKind KindOf() {
  if (kIsArgs<P>) return ParameterKind::kArgs;
  return kIsKwargs<P> ? ParameterKind::kKwargs : ParameterKind::kOrdinary;
}

template <typename H>
absl::Status Accepts(const Value& value) {
  Value copy = value;
  return FromPython<H>(CallContext(), copy).status();
}

template <typename H>
inline constexpr bool kTakesItems = kQuestion<H> == Question::kItems ||
                                    (std::ranges::range<H> &&
                                     !std::is_convertible_v<H, absl::string_view>);

template <typename H>
inline constexpr CppType kCppType = {
    .is_exact = &cast_internal::IsExactly<H>,
    .accepts = &Accepts<H>,
    .copy_items = kTakesItems<H> ? &cast_internal::ItemsOf : nullptr};

template <typename P>
constexpr const CppType* CppTypeOf() {
  if constexpr (KindOf<P>() == ParameterKind::kOrdinary) {
    return &kCppType<Held<P>>;
  } else {
    return nullptr;
  }
}

template <typename... P>
std::vector<Parameter> MakeParameters(std::tuple<P...>*) {
  return {Parameter{.name = {},
                    .type = ParameterName<Held<P>>(),
                    .default_value = {},
                    .kind = KindOf<P>(),
                    .cpp_type = CppTypeOf<P>()}...};
}

template <typename Policy, typename T, typename Result, typename Call>
absl::StatusOr<Value> ToSelfOrResult(const MemberCall& member_call, Call&& call) {
  if constexpr (std::is_lvalue_reference_v<Result> && std::is_same_v<std::decay_t<Result>, T>) {
    return SelfResult(member_call, static_cast<const void*>(std::addressof(call())));
  } else if constexpr (kRefersToExposed<Result>) {
    using Shared = typename Travelling<Result>::type;
    return ResultCast<Policy, Shared>::To(member_call.context,
                                          Shared(member_call.self, std::addressof(call())));
  } else if constexpr (std::is_same_v<Result, std::shared_ptr<T>> &&
                       !std::is_same_v<Policy, ReturnPolicy::ByValue>) {
    Result result = call();
    // Python already sees the object's own class, which may be derived from T.
    if (result != nullptr && result == member_call.self) {
      return Value(member_call.object->shared_from_this());
    }
    return ResultCast<Policy, Result>::To(member_call.context, std::move(result));
  } else {
    return ToResult<Policy, Result>(member_call.context, call);
  }
}

// Converts the arguments in order and calls `callable` with the object and them.
template <typename Policy, typename T, typename F, typename... H, typename... P, size_t... I>
absl::StatusOr<Value> Apply(F& callable, const Member& member, const MemberCall& member_call,
                            [[maybe_unused]] absl::Span<Value> args, std::tuple<H...>*,
                            std::tuple<P...>*, std::index_sequence<I...>) {
  // Braces evaluate from left to right, so the first wrong argument is the one reported.
  std::tuple<absl::StatusOr<Held<P>>...> converted{
      FromPython<Held<P>>(member_call.context, args[I])...};
  const absl::Status* error = nullptr;
  size_t wrong = 0;
  (void)(... && (std::get<I>(converted).ok() ||
                 (error = &std::get<I>(converted).status(), wrong = I, false)));
  if (error != nullptr) return ArgumentError(member, member_call, wrong, *error);
  using Result = typename Callable<T, F>::Result;
  return ToSelfOrResult<Policy, T, Result>(member_call, [&]() -> Result {
    if constexpr (std::is_member_function_pointer_v<F>) {
      return (static_cast<T*>(member_call.self.get())->*callable)(
          HiddenArgument<T, H>(member_call)..., Passing<P>::Give(*std::get<I>(converted))...);
    } else {
      return callable(HiddenArgument<T, H>(member_call)...,
                      Passing<P>::Give(*std::get<I>(converted))...);
    }
  });
}

// Makes the body that runs a callable which CheckCallable has passed.
template <typename Policy, typename T, typename F>
MemberBody MakeBody(F callable) {
  using C = Callable<T, F>;
  return [callable = std::move(callable)](const Member& member, const MemberCall& member_call,
                                          absl::Span<Value> args) mutable {
    return Apply<Policy, T>(
        callable, member, member_call, args, static_cast<typename C::Hidden*>(nullptr),
        static_cast<typename C::Python*>(nullptr), std::make_index_sequence<C::kCount>());
  };
}

template <typename Extra>
inline constexpr bool kIsArg = std::is_same_v<std::decay_t<Extra>, Arg>;
template <typename Extra>
inline constexpr bool kIsDoc = std::is_convertible_v<Extra, absl::string_view>;
template <typename Extra>
inline constexpr bool kIsPolicy = std::is_same_v<std::decay_t<Extra>, ReturnPolicy::Reference> ||
                                  std::is_same_v<std::decay_t<Extra>, ReturnPolicy::ByValue>;
template <typename Extra>
inline constexpr bool kIsExtra = kIsArg<Extra> || kIsDoc<Extra> || kIsPolicy<Extra>;
template <typename... Extras>
inline constexpr size_t kArgCount = (size_t{0} + ... + (kIsArg<Extras> ? 1 : 0));
template <typename... Extras>
inline constexpr size_t kDocCount = (size_t{0} + ... + (kIsDoc<Extras> ? 1 : 0));
template <typename... Extras>
inline constexpr size_t kPolicyCount = (size_t{0} + ... + (kIsPolicy<Extras> ? 1 : 0));
// Finds the return policy among the extras.
template <typename... Extras>
struct PolicyOf {
  using type = ReturnPolicy::Default;
};
template <typename Extra, typename... Rest>
struct PolicyOf<Extra, Rest...> {
  using type =
      typename std::conditional_t<kIsPolicy<Extra>, std::type_identity<std::decay_t<Extra>>,
                                  PolicyOf<Rest...>>::type;
};

inline void AddExtra(Member*, std::vector<Arg>* names, Arg arg) {
  names->push_back(std::move(arg));
}
inline void AddExtra(Member*, std::vector<Arg>*, ReturnPolicy::Reference) {}
inline void AddExtra(Member*, std::vector<Arg>*, ReturnPolicy::ByValue) {}
inline void AddExtra(Member* member, std::vector<Arg>*, absl::string_view doc) {
  member->doc = std::string(doc);
}

// Gives the parameters their names and defaults. What is wrong with those becomes the member's
// mistake.
void NameParameters(std::vector<Arg> names, Member* member);

// Returns whether `callable` is a null pointer or an empty function.
template <typename F>
bool IsNull([[maybe_unused]] const F& callable) {
  if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
    return callable == nullptr;
  } else if constexpr (requires { callable.operator bool(); }) {
    return !static_cast<bool>(callable);
  } else {
    return false;
  }
}
inline constexpr char kNullFunction[] = "the function is null";

// Collects the exposed classes that occur in a result and its parameters.
template <typename Result, typename Parameters>
struct MentionsOf;
template <typename Result, typename... P>
struct MentionsOf<Result, std::tuple<P...>> {
  static void Add(std::vector<ClassGetter>* classes) {
    Mentions<std::decay_t<Result>>::Add(classes);
    (Mentions<std::decay_t<P>>::Add(classes), ...);
  }
};

// Checks whether `extras` fit a function to which Python passes `Parameters`.
template <typename Parameters, typename... Extras>
constexpr bool CheckExtras() {
  constexpr size_t kNamed = kArgCount<Extras...>;
  constexpr bool kKnown =
      kNamed + kDocCount<Extras...> + kPolicyCount<Extras...> == sizeof...(Extras);
  static_assert(kKnown,
                "rpyc: after the function come rpyc::Arg(...), a docstring and a "
                "rpyc::ReturnPolicy only");
  static_assert(kPolicyCount<Extras...> <= 1, "rpyc: give at most one rpyc::ReturnPolicy");
  constexpr bool kOneDoc = kDocCount<Extras...> <= 1;
  static_assert(kOneDoc, "rpyc: give at most one docstring");
  constexpr bool kAllNamed = kNamed == 0 || kNamed == kOrdinaryCount<Parameters>;
  static_assert(kAllNamed, "rpyc: give one rpyc::Arg for every parameter, or none");
  constexpr bool kKeywordsNamed = kNamed > 0 || !kHasKeywordOnly<Parameters>;
  static_assert(kKeywordsNamed, "rpyc: parameters after rpyc::Args need names: rpyc::Arg(...)");
  return kKnown && kOneDoc && kAllNamed && kKeywordsNamed;
}

}  // namespace bind_internal

// Makes a Member that runs `callable`: a function, a lambda, or a member function of T or its base.
// T is void for functions without an object. The first parameters of a function may be
//   T& or std::shared_ptr<T>, for the object or for its owner, which keeps it alive;
//   const rpyc::CallContext&, for the connection and the peer that call;
// and Python passes neither; a member function may begin with the latter. rpyc::Args and
// rpyc::Kwargs take what is passed beyond the other parameters. A `T&` result is the object itself.
// A reference to another exposed class goes out as the object that it refers to; it shares
// ownership of the function's own object and is valid as long as that lives. A const one goes out
// read-only. `extras` are a rpyc::Arg for every other parameter in order, or none, at most one
// docstring, and at most one rpyc::ReturnPolicy.
template <typename T, typename F, typename... Extras>
Member MakeMethod(absl::string_view name, F callable, Extras&&... extras) {
  namespace internal = bind_internal;
  Member member;
  using Policy = typename internal::PolicyOf<Extras...>::type;
  if constexpr (internal::CheckCallable<T, F, Policy>()) {
    using C = internal::Callable<T, F>;
    using Result = std::conditional_t<C::kReturnsSelf, void, typename C::Result>;
    if constexpr (internal::CheckExtras<typename C::Python, Extras...>()) {
      member.name = std::string(name);
      if (internal::IsNull(callable)) member.mistake = internal::kNullFunction;
      member.needs_object = C::kTakesObject;
      member.may_change_object = C::kTakesObject && C::kMayChangeObject;
      member.add_classes = &internal::MentionsOf<typename C::Result, typename C::Python>::Add;
      member.signature.parameters =
          internal::MakeParameters(static_cast<typename C::Python*>(nullptr));
      member.signature.has_rest = internal::kOrdinaryCount<typename C::Python> != C::kCount;
      if constexpr (!C::kReturnsSelf) {
        member.signature.return_type = internal::ResultName<Policy, Result>();
      }
      std::vector<Arg> names;
      (internal::AddExtra(&member, &names, std::forward<Extras>(extras)), ...);
      internal::NameParameters(std::move(names), &member);
      member.body = internal::MakeBody<Policy, T>(std::move(callable));
    }
  }
  return member;
}

}  // namespace rpyc

#endif  // RPYC_BIND_METHOD_H_
