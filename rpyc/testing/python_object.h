#ifndef RPYC_TESTING_PYTHON_OBJECT_H_
#define RPYC_TESTING_PYTHON_OBJECT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc::testing {

// Calls a method of an object as its holder would.
inline absl::StatusOr<Value> CallMethod(const Value& object, absl::string_view name,
                                        std::vector<Value> args = {}) {
  return (*object.AsObject())
      ->CallAttr(CallContext(), {.name = name, .exposed = false},
                 CallArgs{.positional = std::move(args), .keyword = {}});
}

// Returns "ValueError: ..." for an error, and "" for none.
inline std::string Failure(const absl::Status& status) {
  if (status.ok()) return "";
  return IsPyStatus(status) ? ToException(status).Summary() : status.ToString();
}

inline std::string Failure(const absl::StatusOr<Value>& result) {
  return result.ok() ? "returned " + result->DebugString() : Failure(result.status());
}

// repr() of an object; of an error what it says.
inline std::string ReprOf(const Value& object) {
  absl::StatusOr<std::string> text = (*object.AsObject())->Repr(CallContext());
  return text.ok() ? *text : Failure(text.status());
}
inline std::string ReprOf(const absl::StatusOr<Value>& object) {
  if (!object.ok()) return Failure(object);
  return object->AsObject() != nullptr ? ReprOf(*object) : object->DebugString();
}

}  // namespace rpyc::testing

#endif  // RPYC_TESTING_PYTHON_OBJECT_H_
