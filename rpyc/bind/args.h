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

// A parameter that takes all further positional arguments: Python's *args. Parameters after it are
// passed by keyword only.
struct Args {
  std::vector<Value> values;

  size_t size() const { return values.size(); }
  const Value& operator[](size_t index) const { return values[index]; }
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
};

// A parameter that takes all further keyword arguments, in the order passed: Python's **kwargs.
// The last parameter.
struct Kwargs {
  std::vector<std::pair<std::string, Value>> values;

  // nullptr if there is none of that name.
  const Value* Find(absl::string_view name) const;
  size_t size() const { return values.size(); }
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
};

// In only. BindArguments passes them as a tuple, and a tuple of pairs.
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
