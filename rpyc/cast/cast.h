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

// Converts between C++ type T and a Python value. One header of this folder per family of types;
// docs/types.md is the table. A specialisation has
//
//   static absl::StatusOr<T> From(Value& value);  // may move from it; error: a PyStatus
//   static Value To(T value);
//   static std::string Name();                    // Python's annotation; empty: anything
//
// and leaves out From for types that only go out. One that has to ask the value, an object that
// came by reference, has From(const CallContext&, Value&) instead; one that takes more than it
// gives out also has ParameterName().
template <typename T, typename Enable = void>
struct Cast {
  static_assert(
      sizeof(T) == 0,
      "rpyc: this C++ type has no Python counterpart; see docs/types.md for those that have, and "
      "which header converts them, or expose it with a friend function "
      "RpycExpose(rpyc::ClassDef<T>&), or RpycExpose(rpyc::StructDef<T>&) to pass it by value");
  // So that the sentence above is the only error.
  static absl::StatusOr<std::conditional_t<std::is_abstract_v<T>, None, T>> From(Value& value);
  static Value To(const T& value);
  static std::string Name();
};

// What Cast<T>::From asks an object that came by reference. A container of T asks all its items at
// the same time, and a std::variant asks only what the object's class can answer. Specialised
// beside the Casts; see rpyc/cast/ask.h.
enum class Question { kNone, kBool, kInt, kFloat, kComplex, kText, kBytes, kItems };
template <typename T>
inline constexpr Question kQuestion = Question::kNone;

// A T from what Python passed; `context` says who.
template <typename T>
absl::StatusOr<T> FromPython(const CallContext& context, Value& value) {
  if constexpr (requires { Cast<T>::From(context, value); }) {
    return Cast<T>::From(context, value);
  } else {
    return Cast<T>::From(value);
  }
}

// Whether a T points into the argument that it was converted from, and so is valid during the call
// only: std::string_view, std::span. Specialised beside the Casts.
template <typename T>
inline constexpr bool kBorrows = std::is_same_v<T, absl::string_view>;

// Whether every T travels by value. Specialised beside the Casts.
template <typename T>
struct TravelsByValue
    : std::bool_constant<std::is_arithmetic_v<T> || std::is_convertible_v<T, absl::string_view>> {};

// The annotation of a parameter of type T.
template <typename T>
std::string ParameterName() {
  if constexpr (requires { Cast<T>::ParameterName(); }) {
    return Cast<T>::ParameterName();
  } else {
    return Cast<T>::Name();
  }
}

// `error` with "`where`: " before its message: "item 3: expected int, got str". What a peer raised
// stays as it is.
absl::Status ErrorAt(absl::string_view where, const absl::Status& error);

// "expected int, got str", as a TypeError; ": `reason`" follows if there is one.
absl::Status WrongType(absl::string_view expected, const Value& got, absl::string_view reason = {});

namespace cast_internal {

// What each converted item of a container must be: the items that Python passed are gone before the
// call.
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
