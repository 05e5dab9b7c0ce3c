#ifndef RPYC_CAST_RETURN_POLICY_H_
#define RPYC_CAST_RETURN_POLICY_H_

#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/list.h"
#include "rpyc/materialize.h"
#include "rpyc/value.h"

namespace rpyc {

// Says how a result travels if not as its C++ type would. It is an extra of Expose and Property.
//
//   c.Expose("names", &Book::Names, rpyc::ReturnPolicy::kReference);  // std::vector as a list
//   c.Expose("index", &Book::Index, rpyc::ReturnPolicy::kValue);      // std::map as pairs
struct ReturnPolicy {
  struct Default {};
  struct Reference {};
  struct ByValue {};
  // A container goes as a new rpyc::List, a map as a new rpyc::Dict.
  static constexpr Reference kReference{};
  // What would go by reference goes as nested tuples (see Materialize).
  static constexpr ByValue kValue{};
};

namespace cast_internal {

// T is a container of items; under kReference it becomes a Python list.
template <typename T>
concept ItemContainer =
    std::ranges::input_range<T> && !std::is_convertible_v<T, std::string_view> &&
    !std::is_convertible_v<T, absl::string_view> && !requires {
  typename T::mapped_type;
};

// Says what a result of type T becomes under a policy.
template <typename Policy, typename T>
struct Returned {
  static absl::StatusOr<Value> To(const CallContext&, T result) requires requires {
    Cast<T>::To(std::move(result));
  }
  { return Cast<T>::To(std::move(result)); }
  static std::string Name() { return Cast<T>::Name(); }
};

template <typename T>
struct Returned<ReturnPolicy::Reference, T> {
  static constexpr bool kIsMap = requires { typename T::mapped_type; };
  static_assert(
      ItemContainer<T> || kIsMap,
      "rpyc: ReturnPolicy::kReference is for containers, such as std::vector and std::map");
  static absl::StatusOr<Value> To(const CallContext&, T result) {
    if constexpr (ItemContainer<T>) return List(std::move(result)).ToValue();
    return Cast<T>::To(std::move(result));
  }
  static std::string Name() { return kIsMap ? Cast<T>::Name() : "list"; }
};

template <typename T>
struct Returned<ReturnPolicy::ByValue, T> {
  static_assert(!TravelsByValue<T>::value,
                "rpyc: this result travels by value anyway; leave ReturnPolicy::kValue out");
  static absl::StatusOr<Value> To(const CallContext& context, T result) {
    return Materialize(context, Cast<T>::To(std::move(result)));
  }
  static std::string Name() { return "tuple"; }
};

}  // namespace cast_internal
}  // namespace rpyc

#endif  // RPYC_CAST_RETURN_POLICY_H_
