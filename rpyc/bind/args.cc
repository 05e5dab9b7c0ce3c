#include "rpyc/bind/args.h"

namespace rpyc {

const Value* Kwargs::Find(absl::string_view name) const {
  for (const auto& [key, value] : values) {
    if (key == name) return &value;
  }
  return nullptr;
}

absl::StatusOr<Kwargs> Cast<Kwargs>::From(Value& value) {
  Kwargs kwargs;
  for (Value& pair : std::move(value).TakeItems()) {
    std::vector<Value> items = std::move(pair).TakeItems();
    kwargs.values.emplace_back(std::move(*items[0].MutableStr()), std::move(items[1]));
  }
  return kwargs;
}

}  // namespace rpyc
