#include "rpyc/cast/map.h"

#include "rpyc/iterate.h"
#include "rpyc/limits.h"

namespace rpyc::cast_internal {

absl::Status ConvertPairs(const CallContext& context, Value& value,
                          absl::FunctionRef<absl::Status(Value& key)> convert_key,
                          absl::FunctionRef<absl::Status(Value& value)> convert_value) {
  if (!value.IsTuple() && value.AsObject() == nullptr) {
    return WrongType("a dict or an iterable of pairs", value);
  }
  return ForEachPair(context, value, Limits(), [&](Value key, Value mapped) {
    const std::string name = key.DebugString(40);
    absl::Status converted = convert_key(key);
    if (!converted.ok()) return ErrorAt(absl::StrCat("key ", name), converted);
    converted = convert_value(mapped);
    if (!converted.ok()) return ErrorAt(absl::StrCat("the value of ", name), converted);
    return absl::OkStatus();
  });
}

}  // namespace rpyc::cast_internal
