#ifndef RPYC_CAST_EXACT_H_
#define RPYC_CAST_EXACT_H_

#include <algorithm>
#include <complex>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/object.h"
#include "rpyc/value.h"

namespace rpyc::cast_internal {

// Returns whether `value` has the Python type that a T goes out as. This tells overloads for
// different number types apart: 5 is exactly an int64_t, and is converted to a double. It returns
// false where the peer would have to be asked.
template <typename T>
bool IsExactly(const Value& value);

template <typename T>
struct Exact {
  static bool Is(const Value& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value.AsBool() != nullptr;
    } else if constexpr (std::is_integral_v<T>) {
      return value.AsInt() != nullptr || value.AsBigInt() != nullptr;
    } else if constexpr (std::is_floating_point_v<T>) {
      return value.AsFloat() != nullptr;
    } else if constexpr (std::is_convertible_v<T, absl::string_view>) {
      return value.AsStr() != nullptr;
    } else if constexpr (std::is_same_v<T, None>) {
      return value.is_none();
    } else if constexpr (std::is_same_v<T, Bytes>) {
      return value.AsBytes() != nullptr;
    } else if constexpr (Exposed<T>) {
      return IsExactlyOf(*ClassOf<T>(), value);
    } else if constexpr (std::ranges::range<T>) {
      using Item = std::ranges::range_value_t<T>;
      if constexpr (std::is_same_v<Item, T> || requires { typename T::mapped_type; }) {
        return false;
      } else {
        return (value.IsTuple() || value.kind() == Value::Kind::kFrozenset) &&
               std::all_of(value.items().begin(), value.items().end(), &IsExactly<Item>);
      }
    } else {
      return false;
    }
  }
};
template <typename T>
struct Exact<std::complex<T>> {
  static bool Is(const Value& value) { return value.AsComplex() != nullptr; }
};
template <typename T>
struct Exact<std::shared_ptr<T>> : Exact<std::remove_const_t<T>> {};
template <typename T>
struct Exact<std::optional<T>> {
  static bool Is(const Value& value) { return value.is_none() || IsExactly<T>(value); }
};
template <typename... T>
struct Exact<std::variant<T...>> {
  static bool Is(const Value& value) { return (... || IsExactly<T>(value)); }
};
template <>
struct Exact<std::monostate> : Exact<None> {};
template <typename... T>
struct Exact<std::tuple<T...>> {
  static bool Is(const Value& value) {
    if (!value.IsTuple() || value.items().size() != sizeof...(T)) return false;
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (... && IsExactly<T>(value.items()[I]));
    }
    (std::index_sequence_for<T...>());
  }
};
template <typename A, typename B>
struct Exact<std::pair<A, B>> : Exact<std::tuple<A, B>> {};

template <typename T>
bool IsExactly(const Value& value) {
  return Exact<T>::Is(value);
}

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_EXACT_H_
