#ifndef RPYC_BIND_ARGS_H_
#define RPYC_BIND_ARGS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/cast/cast.h"
#include "rpyc/value.h"

namespace rpyc {

// This parameter takes all further positional arguments: Python's *args. The parameters after it
// are passed by keyword only.
struct Args {
  std::vector<Value> values;

  size_t size() const { return values.size(); }
  const Value& operator[](size_t index) const { return values[index]; }
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
};

// This parameter takes all further keyword arguments in the order passed: Python's **kwargs. It is
// the last parameter.
struct Kwargs {
  std::vector<std::pair<std::string, Value>> values;

  // Returns nullptr if no argument has that name.
  const Value* Find(absl::string_view name) const;
  size_t size() const { return values.size(); }
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
};

// These two travel only from Python to C++. BindArguments passes them as a tuple and as a tuple of
// pairs.
template <>
struct Cast<Args> {
  static absl::StatusOr<Args> From(Value& value) { return Args{std::move(value).TakeItems()}; }
  static std::string Name() { return ""; }
};
template <>
struct Cast<Kwargs> {
  static absl::StatusOr<Kwargs> From(Value& value);
  static std::string Name() { return ""; }
};

}  // namespace rpyc

#endif  // RPYC_BIND_ARGS_H_
