#ifndef RPYC_CAST_STRING_H_
#define RPYC_CAST_STRING_H_

#include <string>
#include <string_view>

#include "absl/strings/string_view.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

namespace cast_internal {

// Replaces an object by the str or bytes that it is.
// Errors:  those of AskText and AskBytes.
absl::Status BecomeText(const CallContext& context, Value& value);
absl::Status BecomeBytes(const CallContext& context, Value& value);

}  // namespace cast_internal

// Converts a str as UTF-8; it also takes a subclass of str. Text that goes out and is not UTF-8 is
// an error of that call.
template <>
struct Cast<std::string> {
  static absl::StatusOr<std::string> From(const CallContext& context, Value& value) {
    if (value.MutableStr() == nullptr) {
      absl::Status asked = cast_internal::BecomeText(context, value);
      if (!asked.ok()) return asked;
    }
    return std::move(*value.MutableStr());
  }
  static Value To(std::string value) { return Value(std::move(value)); }
  static std::string Name() { return "str"; }
};

// Converts a str; as a parameter it is valid during the call.
template <>
struct Cast<absl::string_view> {
  static absl::StatusOr<absl::string_view> From(const CallContext& context, Value& value) {
    if (value.AsStr() == nullptr) {
      absl::Status asked = cast_internal::BecomeText(context, value);
      if (!asked.ok()) return asked;
    }
    return absl::string_view(*value.AsStr());
  }
  static Value To(absl::string_view value) { return Value(value); }
  static std::string Name() { return "str"; }
};

#ifndef ABSL_USES_STD_STRING_VIEW
template <>
inline constexpr bool kBorrows<std::string_view> = true;

// Converts a str in the same way.
template <>
struct Cast<std::string_view> {
  static absl::StatusOr<std::string_view> From(const CallContext& context, Value& value) {
    if (value.AsStr() == nullptr) {
      absl::Status asked = cast_internal::BecomeText(context, value);
      if (!asked.ok()) return asked;
    }
    return std::string_view(*value.AsStr());
  }
  static Value To(std::string_view value) { return Value(std::string(value)); }
  static std::string Name() { return "str"; }
};

template <>
struct TravelsByValue<std::string_view> : std::true_type {};
template <>
inline constexpr Question kQuestion<std::string_view> = Question::kText;
#endif

// Converts a str of one ASCII character. Another char that goes out is a ValueError of that call.
template <>
struct Cast<char> {
  static absl::StatusOr<char> From(const CallContext& context, Value& value);
  static Value To(char value);
  static std::string Name() { return "str"; }
};

// This converts only from C++ to Python.
template <>
struct Cast<const char*> {
  static Value To(const char* value) { return Value(value); }
  static std::string Name() { return "str"; }
};

// Converts Python bytes and what holds bytes (see cast_internal::AskBytes).
template <>
struct Cast<Bytes> {
  static absl::StatusOr<Bytes> From(const CallContext& context, Value& value) {
    if (value.MutableBytes() == nullptr) {
      absl::Status asked = cast_internal::BecomeBytes(context, value);
      if (!asked.ok()) return asked;
    }
    return std::move(*value.MutableBytes());
  }
  static Value To(Bytes value) { return Value(std::move(value)); }
  static std::string Name() { return "bytes"; }
};

template <>
struct TravelsByValue<Bytes> : std::true_type {};

template <>
inline constexpr Question kQuestion<std::string> = Question::kText;
template <>
inline constexpr Question kQuestion<absl::string_view> = Question::kText;
template <>
inline constexpr Question kQuestion<char> = Question::kText;
template <>
inline constexpr Question kQuestion<Bytes> = Question::kBytes;

}  // namespace rpyc

#endif  // RPYC_CAST_STRING_H_
