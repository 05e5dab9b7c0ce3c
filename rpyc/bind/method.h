#ifndef RPYC_BIND_METHOD_H_
#define RPYC_BIND_METHOD_H_

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/bind/signature.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/cast/object.h"
#include "rpyc/cast/optional.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"

// Turns C++ callables into Members. The templates only capture types; all else is compiled once.
namespace rpyc {
namespace bind_internal {

// The parameter and result types of a callable; Self is the class of a member function, else void.
template <typename S, typename R, typename... A>
struct Shape {
  using Self = S;
  using Result = R;
  using Parameters = std::tuple<A...>;
};

template <typename F>
struct ShapeOf : ShapeOf<decltype(&F::operator())> {};
template <typename R, typename... A>
struct ShapeOf<R (*)(A...)> : Shape<void, R, A...> {};
template <typename R, typename... A>
struct ShapeOf<R (*)(A...) noexcept> : Shape<void, R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...)> : Shape<C, R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) const> : Shape<C, R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) noexcept> : Shape<C, R, A...> {};
template <typename C, typename R, typename... A>
struct ShapeOf<R (C::*)(A...) const noexcept> : Shape<C, R, A...> {};

// What a result becomes.
template <typename R>
struct ResultCast {
  static absl::StatusOr<Value> To(R result) { return Cast<std::decay_t<R>>::To(std::move(result)); }
  static std::string Name() { return Cast<std::decay_t<R>>::Name(); }
};
template <>
struct ResultCast<absl::Status> {
  static absl::StatusOr<Value> To(absl::Status status) {
    if (!status.ok()) return status;
    return Value();
  }
  static std::string Name() { return "None"; }
};
template <typename R>
struct ResultCast<absl::StatusOr<R>> {
  static absl::StatusOr<Value> To(absl::StatusOr<R> result) {
    if (!result.ok()) return std::move(result).status();
    return ResultCast<R>::To(*std::move(result));
  }
  static std::string Name() { return ResultCast<R>::Name(); }
};

template <typename R, typename Call>
absl::StatusOr<Value> ToResult(Call&& call) {
  if constexpr (std::is_void_v<R>) {
    call();
    return Value();
  } else {
    return ResultCast<std::decay_t<R>>::To(call());
  }
}

template <typename R>
std::string ResultName() {
  if constexpr (std::is_void_v<R>) {
    return "None";
  } else {
    return ResultCast<std::decay_t<R>>::Name();
  }
}

template <typename... P>
Signature MakeSignature(std::string return_type, std::tuple<P...>*) {
  static_assert(
      (... && !(std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>)),
      "rpyc: an exposed function cannot change its caller's arguments; take them by value "
      "or by const reference");
  return Signature{
      .parameters = {Parameter{
          .name = {}, .type = ParameterName<std::decay_t<P>>(), .default_value = {}}...},
      .return_type = std::move(return_type)};
}

// Converts the arguments in order and calls `f` with them.
template <typename R, typename F, typename... P, size_t... I>
absl::StatusOr<Value> Apply(const Member& member, [[maybe_unused]] const CallContext& context,
                            [[maybe_unused]] absl::Span<Value> args, F&& f, std::tuple<P...>*,
                            std::index_sequence<I...>) {
  // Braces: left to right, so that the first wrong argument is the one reported.
  std::tuple<absl::StatusOr<std::decay_t<P>>...> converted{
      FromPython<std::decay_t<P>>(context, args[I])...};
  absl::Status error;
  (void)(... && (std::get<I>(converted).ok() ||
                 (error = ArgumentError(member, I, std::get<I>(converted).status()), false)));
  if (!error.ok()) return error;
  return ToResult<R>([&]() -> R { return f(*std::move(std::get<I>(converted))...); });
}

template <typename Tuple>
struct WithoutFirst;
template <typename First, typename... Rest>
struct WithoutFirst<std::tuple<First, Rest...>> {
  using type = std::tuple<Rest...>;
};

template <typename T, typename Tuple>
inline constexpr bool kTakesSelf = false;
template <typename T, typename First, typename... Rest>
inline constexpr bool kTakesSelf<T, std::tuple<First, Rest...>> =
    std::is_lvalue_reference_v<First>&& std::is_same_v<std::decay_t<First>, T>;

inline void AddExtra(Member*, std::vector<Arg>* names, Arg arg) {
  names->push_back(std::move(arg));
}
inline void AddExtra(Member* member, std::vector<Arg>*, absl::string_view doc) {
  member->doc = std::string(doc);
}

// Gives the parameters their names and defaults.
void NameParameters(std::vector<Arg> names, Signature* signature);

template <typename Extra>
inline constexpr bool kIsArg = std::is_same_v<std::decay_t<Extra>, Arg>;

}  // namespace bind_internal

// A Member that runs `callable`: a function, a lambda, a member function of T or its base, or a
// function whose first parameter is a T& (the object). T is void for functions without an object.
// `extras`: rpyc::Arg for every parameter, in order, or none; at most one docstring.
template <typename T, typename F, typename... Extras>
Member MakeMethod(absl::string_view name, F callable, Extras&&... extras) {
  namespace internal = bind_internal;
  using Shape = internal::ShapeOf<F>;
  using Result = typename Shape::Result;
  constexpr bool kMemberFunction = std::is_member_function_pointer_v<F>;
  constexpr bool kSelfParameter =
      !kMemberFunction && internal::kTakesSelf<T, typename Shape::Parameters>;
  using Parameters =
      typename std::conditional_t<kSelfParameter,
                                  internal::WithoutFirst<typename Shape::Parameters>,
                                  std::type_identity<typename Shape::Parameters>>::type;
  constexpr size_t kCount = std::tuple_size_v<Parameters>;
  constexpr size_t kNamed = (size_t{0} + ... + (internal::kIsArg<Extras> ? 1 : 0));
  static_assert(kNamed == 0 || kNamed == kCount,
                "rpyc: give one rpyc::Arg for every parameter, or none");
  static_assert(sizeof...(Extras) - kNamed <= 1, "rpyc: give at most one docstring");

  Member member;
  member.name = std::string(name);
  member.signature =
      internal::MakeSignature(internal::ResultName<Result>(), static_cast<Parameters*>(nullptr));
  std::vector<Arg> names;
  (internal::AddExtra(&member, &names, std::forward<Extras>(extras)), ...);
  internal::NameParameters(std::move(names), &member.signature);
  member.body = [callable = std::move(callable)](const Member& self_member,
                                                 const MemberCall& member_call,
                                                 absl::Span<Value> args) mutable {
    void* const self = member_call.self.get();
    auto call = [&](auto&&... converted) -> Result {
      if constexpr (kMemberFunction) {
        return (static_cast<T*>(self)->*callable)(std::forward<decltype(converted)>(converted)...);
      } else if constexpr (kSelfParameter) {
        return callable(*static_cast<T*>(self), std::forward<decltype(converted)>(converted)...);
      } else {
        return callable(std::forward<decltype(converted)>(converted)...);
      }
    };
    return internal::Apply<Result>(self_member, member_call.context, args, call,
                                   static_cast<Parameters*>(nullptr),
                                   std::make_index_sequence<kCount>());
  };
  return member;
}

}  // namespace rpyc

#endif  // RPYC_BIND_METHOD_H_
