#ifndef RPYC_BUILTIN_METHOD_H_
#define RPYC_BUILTIN_METHOD_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/value.h"

namespace rpyc {

// The body of a method of a Python builtin that this library provides: list, dict, generator.
using BuiltinBody = absl::StatusOr<Value> (*)(const MemberCall& call, absl::Span<Value> args);

// Makes such a method. Any peer may call a special one; one with an ordinary name may be called
// only where public attributes are allowed, as with Python's own lists.
Member BuiltinMethod(absl::string_view name, std::vector<Parameter> parameters,
                     absl::string_view doc, BuiltinBody body);

// Makes `required` parameters without a name, then one for each default.
std::vector<Parameter> Positional(size_t required, std::vector<Value> defaults = {});

}  // namespace rpyc

#endif  // RPYC_BUILTIN_METHOD_H_
