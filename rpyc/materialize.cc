#include "rpyc/materialize.h"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/access_policy.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/cast/ask.h"
#include "rpyc/container.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/netref_object.h"
#include "rpyc/numbered_object.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

class Materializer {
 public:
  Materializer(const CallContext& context, const Limits& limits, const ProtocolConfig* rules)
      : context_(context), limits_(limits), rules_(rules) {}

  absl::StatusOr<Value> Copy(const Value& value) {
    if (value.by_value()) {
      absl::Status counted = Count(MemoryOf(value));
      if (!counted.ok()) return counted;
      return value;
    }
    // An object that contains itself is met again while it is being copied further up.
    const Object* object = value.AsObject() != nullptr ? value.AsObject()->get() : nullptr;
    if (object != nullptr && std::any_of(path_.begin(), path_.end(), [object](const Object* other) {
          return other != nullptr && other->IsSameAs(*object);
        })) {
      return PyStatus("ValueError", absl::StrCat("cannot materialize a ", ShortTypeName(value),
                                                 " that contains itself"));
    }
    if (path_.size() >= static_cast<size_t>(limits_.max_nesting)) {
      return PyStatus("ValueError", absl::StrCat("cannot materialize what is nested deeper than ",
                                                 limits_.max_nesting, " levels"));
    }
    absl::Status counted = Count(sizeof(Value));
    if (!counted.ok()) return counted;
    path_.push_back(object);
    absl::StatusOr<Value> copy = value.AsObject() != nullptr ? CopyObject(value) : CopyFixed(value);
    path_.pop_back();
    return copy;
  }

 private:
  absl::Status Count(size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= limits_.max_decoded_bytes) return absl::OkStatus();
    return PyStatus("ValueError", absl::StrCat("cannot materialize more than ",
                                               limits_.max_decoded_bytes, " bytes"));
  }

  // Copies a tuple, slice or frozenset with references in it.
  absl::StatusOr<Value> CopyFixed(const Value& value) {
    std::vector<Value> items;
    items.reserve(value.items().size());
    for (const Value& item : value.items()) {
      absl::StatusOr<Value> copy = Copy(item);
      if (!copy.ok()) return copy;
      items.push_back(*std::move(copy));
    }
    switch (value.kind()) {
      case Value::Kind::kSlice:
        return Value::Slice(items[0], items[1], items[2]);
      case Value::Kind::kFrozenset:
        return Value::Frozenset(std::move(items));
      default:
        return Value::Tuple(std::move(items));
    }
  }

  absl::StatusOr<Value> CopyObject(const Value& value) {
    const Object& object = **value.AsObject();
    if (const NumberedObject* numbered = AsNumbered(value)) return numbered->number();
    // Of a third peer's object, too, only what that peer may ask for by itself is copied.
    if (MayRead(object, {"__index__", "__float__", "__str__"}).ok()) {
      absl::StatusOr<std::optional<Value>> plain = cast_internal::AskPlainValue(context_, value);
      if (!plain.ok()) return std::move(plain).status();
      if (*plain) {
        absl::Status counted = Count(MemoryOf(**plain));
        if (!counted.ok()) return counted;
        return **std::move(plain);
      }
    }
    if (IsMapping(value)) {
      absl::Status may_read = MayRead(object, {"__iter__", "__getitem__"});
      return may_read.ok() ? CopyPairs(value) : may_read;
    }
    const auto* instance = dynamic_cast<const Instance*>(&object);
    if (instance != nullptr && AsContainer(value) == nullptr) {
      const std::vector<const Member*> properties = PropertiesOf(instance->class_info());
      if (!properties.empty()) return CopyProperties(value, properties);
    }
    if (object.is_class()) return Refused(value);
    absl::Status may_read = object.Has("__iter__").plain
                                ? MayRead(object, {"__iter__"})
                                : MayRead(object, {"__iter__", "__getitem__"});
    return may_read.ok() ? CopyItems(value) : may_read;
  }

  // Whether the peer that asks may have these attributes of the object. It may have those of its
  // own objects.
  absl::Status MayRead(const Object& object, std::initializer_list<absl::string_view> names) const {
    const auto* netref = dynamic_cast<const NetrefObject*>(&object);
    if (rules_ == nullptr || (netref != nullptr && netref->BelongsTo(context_.peer_objects()))) {
      return absl::OkStatus();
    }
    for (const absl::string_view name : names) {
      const auto found = ResolveAttribute(*rules_, Access::kGet, name, object);
      if (!found.ok()) return found.status();
      // Only the owner of another peer's object knows whether the attribute is exposed.
      if (netref != nullptr && found->exposed) return AccessDenied(name);
    }
    return absl::OkStatus();
  }

  static bool IsMapping(const Value& value) {
    const Container* container = AsContainer(value);
    return container != nullptr ? container->kind() == Container::Kind::kDict
                                : value.type_name() == "builtins.dict";
  }

  static absl::Status Refused(const Value& value) {
    return PyStatus("TypeError", absl::StrCat("cannot materialize a ", ShortTypeName(value)));
  }

  // The properties that any client may read. A public one is only for servers that allow it.
  static std::vector<const Member*> PropertiesOf(const ClassInfo& info) {
    std::vector<const Member*> properties;
    for (const auto& member : info.members()) {
      if (member->kind == MemberKind::kProperty && member->visibility == Visibility::kExposed) {
        properties.push_back(member.get());
      }
    }
    return properties;
  }

  absl::StatusOr<Value> CopyProperties(const Value& value,
                                       const std::vector<const Member*>& properties) {
    std::vector<Value> pairs;
    for (const Member* property : properties) {
      absl::Status may_read = MayRead(**value.AsObject(), {property->name});
      if (!may_read.ok()) return may_read;
      absl::StatusOr<Value> read =
          (*value.AsObject())->GetAttr(context_, {.name = property->name, .exposed = true});
      if (!read.ok()) return read;
      absl::StatusOr<Value> copy = Copy(*read);
      if (!copy.ok()) return copy;
      pairs.push_back(Value::Tuple({Value(property->name), *std::move(copy)}));
    }
    return Value::Tuple(std::move(pairs));
  }

  absl::StatusOr<Value> CopyItems(const Value& value) {
    std::vector<Value> items;
    absl::Status status = ForEachItem(context_, value, limits_, [&](size_t, Value item) {
      absl::StatusOr<Value> copy = Copy(item);
      if (!copy.ok()) return std::move(copy).status();
      items.push_back(*std::move(copy));
      return absl::OkStatus();
    });
    if (status.ok()) return Value::Tuple(std::move(items));
    return items.empty() && IsPyStatus(status, "TypeError") &&
                   absl::StrContains(status.message(), "is not iterable")
               ? Refused(value)
               : status;
  }

  absl::StatusOr<Value> CopyPairs(const Value& value) {
    std::vector<Value> pairs;
    absl::Status status = ForEachPair(context_, value, limits_, [&](Value key, Value mapped) {
      absl::StatusOr<Value> key_copy = Copy(key);
      if (!key_copy.ok()) return std::move(key_copy).status();
      absl::StatusOr<Value> copy = Copy(mapped);
      if (!copy.ok()) return std::move(copy).status();
      pairs.push_back(Value::Tuple({*std::move(key_copy), *std::move(copy)}));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return Value::Tuple(std::move(pairs));
  }

  const CallContext& context_;
  const Limits& limits_;
  const ProtocolConfig* const rules_;  // null: there are none
  std::vector<const Object*> path_;    // what is being copied; null for a tuple
  size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<Value> Materialize(const CallContext& context, const Value& value,
                                  const Limits& limits, const ProtocolConfig* rules) {
  return Materializer(context, limits, rules).Copy(value);
}

}  // namespace rpyc
