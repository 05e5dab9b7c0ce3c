#include "rpyc/collection.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

absl::StatusOr<Value> CallSpecial(const CallContext& context, const Value& value,
                                  absl::string_view name, std::vector<Value> args) {
  return (*value.AsObject())
      ->CallAttr(context, {.name = name, .exposed = false},
                 {.positional = std::move(args), .keyword = {}});
}

}  // namespace

absl::StatusOr<size_t> PyLen(const CallContext& context, const Value& value) {
  if (value.AsObject() != nullptr) {
    absl::StatusOr<Value> length = CallSpecial(context, value, "__len__", {});
    if (!length.ok()) return std::move(length).status();
    if (length->AsInt() == nullptr || *length->AsInt() < 0) {
      return PyStatus("TypeError", absl::StrCat("__len__() gave ", length->DebugString()));
    }
    return static_cast<size_t>(*length->AsInt());
  }
  if (value.IsTuple() || value.kind() == Value::Kind::kFrozenset) return value.items().size();
  if (value.AsBytes() != nullptr) return value.AsBytes()->data.size();
  if (value.AsStr() != nullptr) {
    absl::StatusOr<std::vector<Value>> chars = CollectItems(context, value);
    if (!chars.ok()) return std::move(chars).status();
    return chars->size();
  }
  return PyStatus("TypeError",
                  absl::StrCat("object of type '", ShortTypeName(value), "' has no len()"));
}

absl::StatusOr<Value> PyGetItem(const CallContext& context, const Value& value, const Value& key) {
  if (value.AsObject() != nullptr) return CallSpecial(context, value, "__getitem__", {key});
  if (!value.IsTuple() && value.AsStr() == nullptr && value.AsBytes() == nullptr) {
    return PyStatus("TypeError",
                    absl::StrCat("'", ShortTypeName(value), "' object is not subscriptable"));
  }
  absl::StatusOr<std::vector<Value>> items = CollectItems(context, value);
  if (!items.ok()) return std::move(items).status();
  if (key.AsInt() == nullptr) {
    return PyStatus(
        "TypeError",
        absl::StrCat(ShortTypeName(value), " indices must be integers, not ", ShortTypeName(key)));
  }
  const int64_t length = static_cast<int64_t>(items->size());
  const int64_t index = *key.AsInt() < 0 ? *key.AsInt() + length : *key.AsInt();
  if (index < 0 || index >= length) {
    return PyStatus("IndexError", absl::StrCat(ShortTypeName(value), " index out of range"));
  }
  return std::move((*items)[static_cast<size_t>(index)]);
}

absl::StatusOr<bool> PyContains(const CallContext& context, const Value& value, const Value& item) {
  if (value.AsObject() != nullptr) {
    absl::StatusOr<Value> contains = CallSpecial(context, value, "__contains__", {item});
    if (!contains.ok()) return std::move(contains).status();
    if (contains->AsBool() == nullptr) {
      return PyStatus("TypeError", absl::StrCat("__contains__() gave ", contains->DebugString()));
    }
    return *contains->AsBool();
  }
  if (value.AsStr() != nullptr && item.AsStr() != nullptr) {
    return absl::StrContains(*value.AsStr(), *item.AsStr());
  }
  if (value.AsBytes() != nullptr && item.AsBytes() != nullptr) {
    return absl::StrContains(value.AsBytes()->data, item.AsBytes()->data);
  }
  if (!value.IsTuple() && value.kind() != Value::Kind::kFrozenset) {
    return PyStatus("TypeError", absl::StrCat("cannot look for a ", ShortTypeName(item), " in a ",
                                              ShortTypeName(value)));
  }
  absl::StatusOr<size_t> found = FindEqual(context, value.items(), item);
  if (!found.ok()) return std::move(found).status();
  return *found < value.items().size();
}

}  // namespace rpyc
