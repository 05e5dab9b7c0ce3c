#ifndef RPYC_BIND_SIGNATURE_H_
#define RPYC_BIND_SIGNATURE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// Names a parameter of an exposed function: Arg("digits"), or Arg("digits") = 2 with a default.
struct Arg {
  explicit Arg(absl::string_view name) : name(name) {}
  Arg&& operator=(Value value) && {
    default_value = std::move(value);
    return std::move(*this);
  }
  Arg&& operator=(std::nullopt_t) && { return std::move(*this) = Value(); }
  template <typename T>
  requires(!std::is_convertible_v<T, Value>)  //
      Arg &&
      operator=(T&& value) && {
    default_value = Cast<std::decay_t<T>>::To(std::forward<T>(value));
    return std::move(*this);
  }

  std::string name;
  std::optional<Value> default_value;
};

enum class ParameterKind { kOrdinary, kArgs, kKwargs };

// Says what the C++ type of a parameter takes.
struct CppType {
  // Returns whether the value has exactly the corresponding Python type, so that nothing is
  // converted.
  bool (*is_exact)(const Value& value);
  // Returns whether the type takes a value that needs no peer, such as a default.
  absl::Status (*accepts)(const Value& value);
  // Returns the items that iterating over the value yields, as a tuple. It is null if the type
  // takes no items.
  absl::StatusOr<Value> (*copy_items)(const CallContext& context, Value value);
};

// Holds one parameter as Python sees it.
struct Parameter {
  std::string name;  // empty if it is positional-only
  std::string type;  // the annotation; empty if anything is taken
  std::optional<Value> default_value;
  ParameterKind kind = ParameterKind::kOrdinary;
  const CppType* cpp_type = nullptr;  // null for *args, for **kwargs and in a member made by hand
};

// Says how an exposed function is called.
struct Signature {
  std::vector<Parameter> parameters;
  std::string return_type;  // the annotation; empty if it may be anything
  bool has_rest = false;    // one of the parameters is *args or **kwargs
  std::string text{};       // shown instead of the rest if several functions share a name

  // Returns the name of a parameter, such as "arg0" if it has none.
  std::string ShownName(size_t index) const;
  // Returns Python's notation, "(a: int, b: int = 2) -> int". If the part in parentheses is longer
  // than `max_width` bytes, each parameter has its own line, as in Signature.format of Python 3.13.
  std::string ToString(size_t max_width = std::string::npos) const;
};

// Puts a call's arguments in the order of the parameters: keywords go to their places, defaults
// fill in, and what is left becomes a tuple for *args and a tuple of pairs for **kwargs. `function`
// is for messages.
// Errors:  a PyStatus, a TypeError in Python's words - an argument is missing, unexpected, one too
//          many, or passed twice.
absl::StatusOr<std::vector<Value>> BindArguments(absl::string_view function,
                                                 const Signature& signature, CallArgs args);

}  // namespace rpyc

#endif  // RPYC_BIND_SIGNATURE_H_
