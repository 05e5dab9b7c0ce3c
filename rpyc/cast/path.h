#ifndef RPYC_CAST_PATH_H_
#define RPYC_CAST_PATH_H_

#include <filesystem>
#include <string>

#include "rpyc/cast/cast.h"

// Include this header for std::filesystem::path.
namespace rpyc {

// Takes a str, or what os.fspath takes: an object of pathlib, or another object with an __fspath__
// that its owner lets others call. It gives a str.
template <>
struct Cast<std::filesystem::path> {
  static absl::StatusOr<std::filesystem::path> From(const CallContext& context, Value& value);
  static Value To(const std::filesystem::path& path) { return Value(path.string()); }
  static std::string Name() { return "str"; }
  static std::string ParameterName() { return "str | os.PathLike"; }
};

template <>
struct TravelsByValue<std::filesystem::path> : std::true_type {};

}  // namespace rpyc

#endif  // RPYC_CAST_PATH_H_
