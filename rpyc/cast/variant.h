#ifndef RPYC_CAST_VARIANT_H_
#define RPYC_CAST_VARIANT_H_

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"

namespace rpyc {

// Takes the first alternative that accepts the value: put int before double and bool before int. An
// object is asked only what its class can answer. A std::monostate is None.
template <>
struct Cast<std::monostate> {
  static absl::StatusOr<std::monostate> From(Value& value) {
    if (!value.is_none()) return WrongType("None", value);
    return std::monostate();
  }
  static Value To(std::monostate) { return Value(); }
  static std::string Name() { return "None"; }
};

template <typename... T>
struct Cast<std::variant<T...>> {
  static absl::StatusOr<std::variant<T...>> From(const CallContext& context, Value& value) {
    static_assert(cast_internal::ItemsOwnTheirText<T...>());
    absl::StatusOr<std::variant<T...>> result = WrongType(ParameterName(), value);
    absl::Status failed;
    (void)(... || Try<T>(context, value, &result, &failed));
    if (!failed.ok()) return failed;
    return result;
  }
  static Value To(std::variant<T...> value) {
    return std::visit([](auto held) { return Cast<decltype(held)>::To(std::move(held)); },
                      std::move(value));
  }
  static std::string Name() {
    std::string names;
    ((names += (names.empty() ? "" : " | ") + cast_internal::InnerName<T>()), ...);
    return names;
  }
  static std::string ParameterName() {
    std::string names;
    ((names += (names.empty() ? "" : " | ") + cast_internal::InnerParameterName<T>()), ...);
    return names;
  }

 private:
  // Several alternatives would each ask an object. So its class is asked for once, which tells
  // which of them can have an answer.
  static constexpr bool kAsksForClass =
      (size_t{0} + ... + (kQuestion<T> != Question::kNone ? 1 : 0)) > 1;
  static constexpr bool kTakesItems = (... || (kQuestion<T> == Question::kItems));

  // Returns whether no other alternative is to be tried: this one accepts the value, or the object
  // cannot be asked.
  template <typename A>
  static bool Try(const CallContext& context, const Value& value,
                  absl::StatusOr<std::variant<T...>>* result, absl::Status* failed) {
    if constexpr (kAsksForClass) {
      if (value.AsObject() != nullptr) {
        const absl::StatusOr<bool> may =
            cast_internal::MayAnswer(context, kQuestion<A>, kTakesItems, value);
        if (!may.ok()) *failed = may.status();
        if (!may.ok() || !*may) return !may.ok();
      }
    }
    Value copy = value;  // a conversion that fails may have moved from `value`
    absl::StatusOr<A> converted = FromPython<A>(context, copy);
    if (!converted.ok()) return false;
    *result = *std::move(converted);
    return true;
  }
};

template <>
struct TravelsByValue<std::monostate> : std::true_type {};
template <typename... T>
struct TravelsByValue<std::variant<T...>> : std::conjunction<TravelsByValue<T>...> {};

}  // namespace rpyc

#endif  // RPYC_CAST_VARIANT_H_
