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

// What the C++ type of a parameter takes.
struct CppType {
  // Whether a value is of its very Python type, so that nothing is converted.
  bool (*is_exact)(const Value& value);
  // Whether it takes a value that no peer is needed for: a default.
  absl::Status (*accepts)(const Value& value);
  // The items of what it iterates over, as a tuple; null: it takes no items.
  absl::StatusOr<Value> (*copy_items)(const CallContext& context, Value value);
};

// One parameter as Python sees it.
struct Parameter {
  std::string name;  // empty: positional-only
  std::string type;  // annotation; empty: anything
  std::optional<Value> default_value;
  ParameterKind kind = ParameterKind::kOrdinary;
  const CppType* cpp_type = nullptr;  // null: *args, **kwargs, or of a member made by hand
};

// How an exposed function is called.
struct Signature {
  std::vector<Parameter> parameters;
  std::string return_type;  // annotation; empty: anything
  bool has_rest = false;    // one of the parameters is *args or **kwargs
  std::string text{};       // shown instead of all this, where several functions have one name

  // The name of a parameter, "arg0" of one without.
  std::string ShownName(size_t index) const;
  // Python's notation: "(a: int, b: int = 2) -> int". Where what is in parentheses is longer than
  // `max_width` bytes, each parameter has a line of its own, as in Signature.format of Python 3.13.
  std::string ToString(size_t max_width = std::string::npos) const;
};

// Puts a call's arguments in the order of the parameters: keywords to their places, defaults filled
// in, what is beyond the others as a tuple for *args and a tuple of pairs for **kwargs. `function`
// is for messages.
// Errors:  a PyStatus, TypeError in Python's words: too many, missing, unexpected keyword, twice.
absl::StatusOr<std::vector<Value>> BindArguments(absl::string_view function,
                                                 const Signature& signature, CallArgs args);

}  // namespace rpyc

#endif  // RPYC_BIND_SIGNATURE_H_
