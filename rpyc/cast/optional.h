#ifndef RPYC_CAST_OPTIONAL_H_
#define RPYC_CAST_OPTIONAL_H_

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

// The value is None or a T.
template <typename T>
struct Cast<std::optional<T>> {
  static absl::StatusOr<std::optional<T>> From(const CallContext& context, Value& value) {
    if (value.is_none()) return std::optional<T>();
    absl::StatusOr<T> converted = FromPython<T>(context, value);
    if (!converted.ok()) return std::move(converted).status();
    return std::optional<T>(*std::move(converted));
  }
  static Value To(std::optional<T> value) {
    return value ? Cast<T>::To(*std::move(value)) : Value();
  }
  static std::string Name() { return absl::StrCat(Cast<T>::Name(), " | None"); }
  static std::string ParameterName() { return absl::StrCat(rpyc::ParameterName<T>(), " | None"); }
};

template <typename T>
inline constexpr bool kBorrows<std::optional<T>> = kBorrows<T>;

template <typename T>
struct TravelsByValue<std::optional<T>> : TravelsByValue<T> {};

template <typename T>
inline constexpr Question kQuestion<std::optional<T>> = kQuestion<T>;

}  // namespace rpyc

#endif  // RPYC_CAST_OPTIONAL_H_
