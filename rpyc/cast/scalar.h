#ifndef RPYC_CAST_SCALAR_H_
#define RPYC_CAST_SCALAR_H_

#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "rpyc/cast/cast.h"

namespace rpyc {

// Passes any value as it came.
template <>
struct Cast<Value> {
  static absl::StatusOr<Value> From(Value& value) { return std::move(value); }
  static Value To(Value value) { return value; }
  static std::string Name() { return ""; }
};

template <>
struct Cast<None> {
  static absl::StatusOr<None> From(Value& value);
  static Value To(None) { return Value(); }
  static std::string Name() { return "None"; }
};

template <>
struct TravelsByValue<None> : std::true_type {};

// Only a Python bool, or numpy's, is a bool; 0 and 1 are not.
template <>
struct Cast<bool> {
  static absl::StatusOr<bool> From(const CallContext& context, Value& value);
  static Value To(bool value) { return Value(value); }
  static std::string Name() { return "bool"; }
};

// Returns the int between `min` and `max`; a bool counts as one, as in Python. An object is asked
// by __index__.
// Errors:  TypeError - it is not an int; OverflowError - it is outside the range; what an object
//          raises.
absl::StatusOr<int64_t> IntFrom(const CallContext& context, const Value& value, int64_t min,
                                int64_t max);
absl::StatusOr<uint64_t> UintFrom(const CallContext& context, const Value& value, uint64_t max);
Value UintTo(uint64_t value);

// Converts every C++ integer type but the char types; a Python int outside its range is an
// OverflowError.
template <typename T>
struct Cast<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, char> &&
                                !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> &&
                                !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>>> {
  static absl::StatusOr<T> From(const CallContext& context, Value& value) {
    if constexpr (std::is_signed_v<T>) {
      absl::StatusOr<int64_t> wide =
          IntFrom(context, value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
      if (!wide.ok()) return std::move(wide).status();
      return static_cast<T>(*wide);
    } else {
      absl::StatusOr<uint64_t> wide = UintFrom(context, value, std::numeric_limits<T>::max());
      if (!wide.ok()) return std::move(wide).status();
      return static_cast<T>(*wide);
    }
  }
  static Value To(T value) {
    if constexpr (std::is_signed_v<T>) return Value(static_cast<int64_t>(value));
    return UintTo(static_cast<uint64_t>(value));
  }
  static std::string Name() { return "int"; }
};

// Converts a float; it also takes an int, as Python does. An object is asked by __float__, then by
// __index__.
template <>
struct Cast<double> {
  static absl::StatusOr<double> From(const CallContext& context, Value& value);
  static Value To(double value) { return Value(value); }
  static std::string Name() { return "float"; }
};

template <>
struct Cast<float> {
  static absl::StatusOr<float> From(const CallContext& context, Value& value);
  static Value To(float value) { return Value(static_cast<double>(value)); }
  static std::string Name() { return "float"; }
};

template <>
struct Cast<std::complex<double>> {
  static absl::StatusOr<std::complex<double>> From(const CallContext& context, Value& value);
  static Value To(std::complex<double> value) { return Value(value); }
  static std::string Name() { return "complex"; }
};

template <>
struct TravelsByValue<std::complex<double>> : std::true_type {};

template <typename T>
requires std::is_integral_v<T>
inline constexpr Question kQuestion<T> = Question::kInt;
template <>
inline constexpr Question kQuestion<bool> = Question::kBool;
template <>
inline constexpr Question kQuestion<double> = Question::kFloat;
template <>
inline constexpr Question kQuestion<float> = Question::kFloat;
template <>
inline constexpr Question kQuestion<std::complex<double>> = Question::kComplex;

}  // namespace rpyc

#endif  // RPYC_CAST_SCALAR_H_
