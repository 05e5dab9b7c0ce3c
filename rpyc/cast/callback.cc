#include "rpyc/cast/callback.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rpyc/bind/function_object.h"
#include "rpyc/object.h"

namespace rpyc::cast_internal {

absl::Status CheckCallable(const CallContext& context, const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  if (object == nullptr) return WrongType("a callable", value);
  absl::StatusOr<bool> callable = (*object)->IsCallable(context);
  if (!callable.ok()) return std::move(callable).status();
  return *callable ? absl::OkStatus() : WrongType("a callable", value);
}

Value MakeFunction(Member member) {
  return Value(std::make_shared<FunctionObject>(std::make_shared<Member>(std::move(member))));
}

std::string CallableName(std::vector<std::string> parameters, std::string result) {
  for (std::string& name : parameters) {
    if (name.empty()) name = "Any";
  }
  if (result.empty()) result = "Any";
  return absl::StrCat("Callable[[", absl::StrJoin(parameters, ", "), "], ", result, "]");
}

}  // namespace rpyc::cast_internal
