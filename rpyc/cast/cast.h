#ifndef RPYC_CAST_CAST_H_
#define RPYC_CAST_CAST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/value.h"

namespace rpyc {

// Converts between C++ type T and a Python value. One header of this folder per family of types;
// docs/types.md is the table. A specialisation has
//
//   static absl::StatusOr<T> From(Value& value);  // may move from it; error: a PyStatus
//   static Value To(T value);
//   static std::string Name();                    // Python's annotation; empty: anything
//
// and leaves out From for types that only go out.
template <typename T, typename Enable = void>
struct Cast {
  static_assert(
      sizeof(T) == 0,
      "rpyc: this C++ type has no Python counterpart; see docs/types.md, or expose it with "
      "a friend function RpycExpose(rpyc::ClassDef<T>&) and pass it as std::shared_ptr<T>");
};

// "expected int, got str", as a TypeError.
absl::Status WrongType(absl::string_view expected, const Value& got);

}  // namespace rpyc

#endif  // RPYC_CAST_CAST_H_
