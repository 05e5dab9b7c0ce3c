#ifndef RPYC_CAST_ENUM_H_
#define RPYC_CAST_ENUM_H_

#include <string>
#include <type_traits>

#include "rpyc/cast/cast.h"

namespace rpyc {

// Not converted: whether Python should see a name or a number is the service's to say.
template <typename T>
struct Cast<T, std::enable_if_t<std::is_enum_v<T>>> {
  static_assert(sizeof(T) == 0,
                "rpyc: a C++ enum has no Python counterpart; pass its name as std::string or its "
                "number as an integer, or specialise rpyc::Cast for it");
  static absl::StatusOr<T> From(Value& value);
  static Value To(const T& value);
  static std::string Name();
};

}  // namespace rpyc

#endif  // RPYC_CAST_ENUM_H_
