#ifndef RPYC_CAST_CAST_H_
#define RPYC_CAST_CAST_H_

#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace rpyc {

// Converts between C++ type T and a Python value. Each family of types has a header in this folder;
// docs/types.md is the table. A specialisation has
//
//   static absl::StatusOr<T> From(Value& value);  // may move from it; error: a PyStatus
//   static Value To(T value);
//   static std::string Name();                    // Python's annotation; empty: anything
//
// and leaves out From for types that only go out. A specialisation that has to ask the value, an
// object that came by reference, has From(const CallContext&, Value&) instead. One that takes more
// than it gives out also has ParameterName().
template <typename T, typename Enable = void>
struct Cast {
  static_assert(
      sizeof(T) == 0,
      "rpyc: this C++ type has no Python counterpart; see docs/types.md for those that have, and "
      "which header converts them, or expose it with a friend function "
      "RpycExpose(rpyc::ClassDef<T>&), or RpycExpose(rpyc::StructDef<T>&) to pass it by value");
  // These declarations make the sentence above the only error.
  static absl::StatusOr<std::conditional_t<std::is_abstract_v<T>, None, T>> From(Value& value);
  static Value To(const T& value);
  static std::string Name();
};

// Says what Cast<T>::From asks an object that came by reference. A container of T asks all its
// items at the same time, and a std::variant asks only what the object's class can answer. It is
// specialised beside the Casts; see rpyc/cast/ask.h.
enum class Question { kNone, kBool, kInt, kFloat, kComplex, kText, kBytes, kItems };
template <typename T>
inline constexpr Question kQuestion = Question::kNone;

// Returns a T from what Python passed; `context` says which peer passed it.
template <typename T>
absl::StatusOr<T> FromPython(const CallContext& context, Value& value) {
  if constexpr (requires { Cast<T>::From(context, value); }) {
    return Cast<T>::From(context, value);
  } else {
    return Cast<T>::From(value);
  }
}

// Says whether a T points into the argument that it was converted from, and so is valid only during
// the call: std::string_view, std::span. It is specialised beside the Casts.
template <typename T>
inline constexpr bool kBorrows = std::is_same_v<T, absl::string_view>;

// Says whether every T travels by value. It is specialised beside the Casts.
template <typename T>
struct TravelsByValue
    : std::bool_constant<std::is_arithmetic_v<T> || std::is_convertible_v<T, absl::string_view>> {};

// Returns the annotation of a parameter of type T.
template <typename T>
std::string ParameterName() {
  if constexpr (requires { Cast<T>::ParameterName(); }) {
    return Cast<T>::ParameterName();
  } else {
    return Cast<T>::Name();
  }
}

// Returns `error` with "`where`: " before its message: "item 3: expected int, got str". What a peer
// raised stays as it is.
absl::Status ErrorAt(absl::string_view where, const absl::Status& error);

// Returns "expected int, got str" as a TypeError; ": `reason`" follows if there is one.
absl::Status WrongType(absl::string_view expected, const Value& got, absl::string_view reason = {});

namespace cast_internal {

// A container may not hold items that borrow from the argument: the items that Python passed are
// gone before the call.
template <typename... T>
constexpr bool ItemsOwnTheirText() {
  static_assert((... && !kBorrows<T>),
                "rpyc: what is borrowed from an argument cannot be an item of a container, which "
                "would outlive it; take std::string or std::vector items");
  return true;
}

}  // namespace cast_internal

}  // namespace rpyc

#endif  // RPYC_CAST_CAST_H_
