#ifndef RPYC_CAST_TESTING_CONVERSION_H_
#define RPYC_CAST_TESTING_CONVERSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/object.h"
#include "rpyc/testing/python_object.h"
#include "rpyc/value.h"

namespace rpyc::testing {

// Returns repr() of the T that a parameter makes of `value`, or the error.
template <typename T>
std::string ReprOfTaken(Value value) {
  absl::StatusOr<T> converted = FromPython<T>(CallContext(), value);
  return converted.ok() ? ReprOf(absl::StatusOr<Value>(Cast<T>::To(*converted)))
                        : Failure(converted.status());
}

// Returns the attribute, or the error as text.
inline Value AttributeOrFailure(const Value& object, absl::string_view name) {
  absl::StatusOr<Value> value =
      (*object.AsObject())->GetAttr(CallContext(), {.name = name, .exposed = true});
  return value.ok() ? *value : Value(Failure(value));
}

}  // namespace rpyc::testing

#endif  // RPYC_CAST_TESTING_CONVERSION_H_
