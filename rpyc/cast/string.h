#ifndef RPYC_CAST_STRING_H_
#define RPYC_CAST_STRING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

// A str, as UTF-8. Text going out that is not UTF-8 is an error of that call.
template <>
struct Cast<std::string> {
  static absl::StatusOr<std::string> From(Value& value) {
    if (std::string* text = value.MutableStr()) return std::move(*text);
    return WrongType("str", value);
  }
  static Value To(std::string value) { return Value(std::move(value)); }
  static std::string Name() { return "str"; }
};

// A str; as a parameter it is valid during the call.
template <>
struct Cast<absl::string_view> {
  static absl::StatusOr<absl::string_view> From(Value& value) {
    if (const std::string* text = value.AsStr()) return absl::string_view(*text);
    return WrongType("str", value);
  }
  static Value To(absl::string_view value) { return Value(value); }
  static std::string Name() { return "str"; }
};

// Out only.
template <>
struct Cast<const char*> {
  static Value To(const char* value) { return Value(value); }
  static std::string Name() { return "str"; }
};

// Python bytes.
template <>
struct Cast<Bytes> {
  static absl::StatusOr<Bytes> From(Value& value) {
    if (Bytes* bytes = value.MutableBytes()) return std::move(*bytes);
    return WrongType("bytes", value);
  }
  static Value To(Bytes value) { return Value(std::move(value)); }
  static std::string Name() { return "bytes"; }
};

template <>
struct TravelsByValue<Bytes> : std::true_type {};

}  // namespace rpyc

#endif  // RPYC_CAST_STRING_H_
