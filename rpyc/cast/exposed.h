#ifndef RPYC_CAST_EXPOSED_H_
#define RPYC_CAST_EXPOSED_H_

#include <cstddef>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace rpyc {

template <typename T>
class ClassDef;

// T says itself what Python sees of it.
template <typename T>
concept Exposed = requires(ClassDef<T>& definition) {
  RpycExpose(definition);
};

namespace cast_internal {

template <typename T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};
template <typename T>
concept OptionalLike = requires(const T& held) {
  typename T::value_type;
  held.has_value();
};

// Says whether T holds exposed objects themselves, as a container, pair or optional does. A copy of
// such a T holds copies of them, and what Python changes in those is lost. A std::shared_ptr holds
// none.
template <typename T>
struct HoldsExposed : std::bool_constant<Exposed<T>> {};

template <typename Tuple, typename Indexes>
struct AnyElementHoldsExposed;
template <typename Tuple, size_t... I>
struct AnyElementHoldsExposed<Tuple, std::index_sequence<I...>>
    : std::disjunction<HoldsExposed<std::remove_cv_t<std::tuple_element_t<I, Tuple>>>...> {};
template <typename T>
requires(!Exposed<T> && !std::ranges::range<T> && TupleLike<T>)  //
    struct HoldsExposed<T>
    : AnyElementHoldsExposed<T, std::make_index_sequence<std::tuple_size_v<T>>> {
};
// This leaves out a type that is a range of its own kind, as a path is.
template <typename T>
requires(!Exposed<T> && std::ranges::range<T>)  //
    struct HoldsExposed<T>
    : std::conjunction<std::negation<std::is_same<std::ranges::range_value_t<T>, T>>,
                       HoldsExposed<std::ranges::range_value_t<T>>> {
};
template <typename T>
requires(!Exposed<T> && !std::ranges::range<T> && !TupleLike<T> && OptionalLike<T>)  //
    struct HoldsExposed<T> : HoldsExposed<typename T::value_type> {
};
template <typename... T>
struct HoldsExposed<std::variant<T...>> : std::disjunction<HoldsExposed<T>...> {};

// Says whether R is a reference to something that holds exposed objects but is not exposed itself.
template <typename R>
inline constexpr bool kRefersToHolder =
    std::is_lvalue_reference_v<R> && !Exposed<std::decay_t<R>> &&
    HoldsExposed<std::decay_t<R>>::value;

}  // namespace cast_internal
}  // namespace rpyc

#endif  // RPYC_CAST_EXPOSED_H_
