#include "rpyc/cast/container.h"

#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/limits.h"

namespace rpyc::cast_internal {

absl::Status ConvertItems(const CallContext& context, Value& value,
                          absl::FunctionRef<absl::Status(Value& item)> convert) {
  const auto convert_at = [&](size_t index, Value& item) {
    absl::Status converted = convert(item);
    return converted.ok() ? converted : ErrorAt(absl::StrCat("item ", index), converted);
  };
  if (value.IsTuple() || value.kind() == Value::Kind::kFrozenset) {
    std::vector<Value> items = std::move(value).TakeItems();
    for (size_t i = 0; i < items.size(); ++i) {
      absl::Status converted = convert_at(i, items[i]);
      if (!converted.ok()) return converted;
    }
    return absl::OkStatus();
  }
  if (value.AsObject() == nullptr) return WrongType("a list, tuple or other iterable", value);
  return ForEachItem(context, value, Limits(),
                     [&](size_t index, Value item) { return convert_at(index, item); });
}

absl::Status WrongCount(size_t expected, size_t got) {
  return PyStatus("ValueError", absl::StrCat("expected ", expected, " items, got ", got));
}

}  // namespace rpyc::cast_internal
