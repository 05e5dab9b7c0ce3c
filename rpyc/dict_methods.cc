// Provides Python's dict, method by method.
// Source:  semantics and texts are those of CPython 3.11, Objects/dictobject.c.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/builtin_method.h"
#include "rpyc/cast/ask.h"
#include "rpyc/dict.h"
#include "rpyc/dict_data.h"
#include "rpyc/dict_object.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/iterator.h"
#include "rpyc/limits.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

using Args = absl::Span<Value>;
using Result = absl::StatusOr<Value>;

Dict Self(const MemberCall& call) { return DictObject::Handle(call.self); }

Result DoneOr(absl::Status status) {
  if (!status.ok()) return status;
  return Value();
}

// Replaces a key that is a reference to a number or text of the peer's, as numpy's are, by that
// value: keys travel by value.
absl::Status BecomeKey(const MemberCall& call, Value* key) {
  if (key->AsObject() == nullptr) return absl::OkStatus();
  absl::StatusOr<std::optional<Value>> plain = cast_internal::AskPlainValue(call.context, *key);
  if (!plain.ok()) return std::move(plain).status();
  if (*plain) *key = **std::move(plain);
  return absl::OkStatus();
}

// A method whose first argument is a key.
template <Result (*kMethod)(const MemberCall& call, Args args)>
Result WithKey(const MemberCall& call, Args args) {
  absl::Status key = BecomeKey(call, &args[0]);
  if (!key.ok()) return key;
  return kMethod(call, args);
}

absl::Status Update(const MemberCall& call, const Value& other) {
  // All is read before anything is set, so that a failure changes nothing.
  std::vector<std::pair<Value, Value>> pairs;
  absl::Status read = ForEachPair(call.context, other, Limits(), [&](Value key, Value value) {
    absl::Status plain = BecomeKey(call, &key);
    if (!plain.ok()) return plain;
    absl::StatusOr<Value> hashable = HashableKey(key);
    if (!hashable.ok()) return std::move(hashable).status();
    pairs.emplace_back(std::move(key), std::move(value));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  for (auto& [key, value] : pairs) {
    absl::Status set = Self(call).Set(std::move(key), std::move(value));
    if (!set.ok()) return set;
  }
  return absl::OkStatus();
}

bool IsDict(const Value& value) {
  return value.AsObject() != nullptr && value.type_name() == "builtins.dict";
}

template <bool kBackward>
Result Iterate(const MemberCall& call, Args) {
  const Dict::Data::Position begin = DictObject::Data(call.self).Begin(kBackward);
  return Value(Iterator([self = call.self, position = begin]() mutable {
                 return DictObject::Data(self).NextKey(&position);
               }).object());
}

Result GetItem(const MemberCall& call, Args args) { return Self(call).Get(args[0]); }

Result SetItem(const MemberCall& call, Args args) {
  return DoneOr(Self(call).Set(std::move(args[0]), std::move(args[1])));
}

Result DelItem(const MemberCall& call, Args args) {
  return DoneOr(Self(call).Pop(args[0]).status());
}

Result Contains(const MemberCall& call, Args args) {
  absl::StatusOr<Value> hashable = HashableKey(args[0]);
  if (!hashable.ok()) return hashable;
  return Value(DictObject::Data(call.self).Find(*hashable).has_value());
}

Result Union(const MemberCall& call, const Value& first, const Value& second) {
  if (!IsDict(first) || !IsDict(second)) return NotImplemented();
  const Dict joined;
  const std::shared_ptr<Object> object = *joined.ToValue().AsObject();
  const MemberCall on_joined{call.context, static_cast<const DictObject&>(*object).self()};
  for (const Value* part : {&first, &second}) {
    absl::Status updated = Update(on_joined, *part);
    if (!updated.ok()) return updated;
  }
  return Value(object);
}

template <bool kNegated>
Result Equals(const MemberCall& call, Args args) {
  if (!IsDict(args[0])) return NotImplemented();
  Value other = args[0];
  if (!Dict::Of(other)) {
    // A Python server says that a dict of its client's never equals one of its own.
    absl::StatusOr<Value> copied = Union(call, other, Dict().ToValue());
    if (!copied.ok()) return copied;
    other = *std::move(copied);
  }
  absl::StatusOr<bool> equal = PyEquals(call.context, Self(call).ToValue(), other);
  if (!equal.ok()) return std::move(equal).status();
  return Value(*equal != kNegated);
}

Result ReprOf(const MemberCall& call, Args) {
  absl::StatusOr<std::string> text = PyRepr(call.context, Self(call).ToValue());
  if (!text.ok()) return std::move(text).status();
  return Value(*std::move(text));
}

Result Get(const MemberCall& call, Args args) {
  absl::StatusOr<Value> hashable = HashableKey(args[0]);
  if (!hashable.ok()) return hashable;
  std::optional<Value> found = DictObject::Data(call.self).Find(*hashable);
  return found ? *std::move(found) : std::move(args[1]);
}

// A default of Ellipsis stands for none given: no caller means it.
Result Pop(const MemberCall& call, Args args) {
  absl::StatusOr<Value> value = Self(call).Pop(args[0]);
  const bool missing = IsPyStatus(value.status(), "KeyError");
  return missing && args[1].kind() != Value::Kind::kEllipsis ? Result(std::move(args[1])) : value;
}

Result PopItem(const MemberCall& call, Args) {
  std::optional<Dict::Data::Pair> last = DictObject::Data(call.self).RemoveLast();
  if (!last) return PyStatus("KeyError", "popitem(): dictionary is empty");
  return Value::Tuple({std::move(last->first), std::move(last->second)});
}

Result SetDefault(const MemberCall& call, Args args) {
  absl::StatusOr<Value> hashable = HashableKey(args[0]);
  if (!hashable.ok()) return hashable;
  return DictObject::Data(call.self).SetDefault(*hashable, std::move(args[0]), std::move(args[1]));
}

enum class Part { kKeys, kValues, kItems };

template <Part kPart>
Result Parts(const MemberCall& call, Args) {
  std::vector<Value> parts;
  for (auto& [key, value] : Self(call).Snapshot()) {
    if constexpr (kPart == Part::kKeys) parts.push_back(std::move(key));
    if constexpr (kPart == Part::kValues) parts.push_back(std::move(value));
    if constexpr (kPart == Part::kItems) {
      parts.push_back(Value::Tuple({std::move(key), std::move(value)}));
    }
  }
  return Value::Tuple(std::move(parts));
}

}  // namespace

const std::shared_ptr<const ClassInfo>& DictObject::Class() {
  static const std::shared_ptr<const ClassInfo> info = [] {
    // By this name clients take it for a dict.
    auto made = std::make_shared<ClassInfo>("builtins.dict");
    made->set_doc("A dict held by the server.");
    const auto add = [&](absl::string_view name, std::vector<Parameter> parameters,
                         absl::string_view doc, BuiltinBody body) {
      made->Add(BuiltinMethod(name, std::move(parameters), doc, body));
    };
    add("__len__", {}, "", [](const MemberCall& call, Args) -> Result {
      return Value(static_cast<int64_t>(Self(call).size()));
    });
    add("__getitem__", Positional(1), "", WithKey<GetItem>);
    add("__setitem__", Positional(2), "", WithKey<SetItem>);
    add("__delitem__", Positional(1), "", WithKey<DelItem>);
    add("__iter__", {}, "", Iterate<false>);
    add("__reversed__", {}, "", Iterate<true>);
    add("__contains__", Positional(1), "", WithKey<Contains>);
    add("__or__", Positional(1), "", [](const MemberCall& call, Args args) {
      return Union(call, Self(call).ToValue(), args[0]);
    });
    add("__ror__", Positional(1), "", [](const MemberCall& call, Args args) {
      return Union(call, args[0], Self(call).ToValue());
    });
    add("__ior__", Positional(1), "", [](const MemberCall& call, Args args) -> Result {
      absl::Status updated = Update(call, args[0]);
      if (!updated.ok()) return updated;
      return Self(call).ToValue();
    });
    add("__eq__", Positional(1), "", Equals<false>);
    add("__ne__", Positional(1), "", Equals<true>);
    add("__hash__", {}, "", [](const MemberCall&, Args) -> Result {
      return PyStatus("TypeError", "unhashable type: 'dict'");
    });
    add("__repr__", {}, "", ReprOf);

    add("get", Positional(1, {Value()}), "The value of a key, or a default.", WithKey<Get>);
    add("keys", {}, "The keys, as a tuple.", Parts<Part::kKeys>);
    add("values", {}, "The values, as a tuple.", Parts<Part::kValues>);
    add("items", {}, "Pairs of key and value, as a tuple.", Parts<Part::kItems>);
    add("pop", Positional(1, {Ellipsis()}), "Takes a key's value out.", WithKey<Pop>);
    add("popitem", {}, "Takes out what came last.", PopItem);
    add("setdefault", Positional(1, {Value()}), "The value of a key, set if it has none.",
        WithKey<SetDefault>);
    add("update", Positional(0, {Value::Tuple({})}), "Sets what a mapping or pairs hold.",
        [](const MemberCall& call, Args args) { return DoneOr(Update(call, args[0])); });
    add("clear", {}, "Removes all keys.", [](const MemberCall& call, Args) -> Result {
      Self(call).clear();
      return Value();
    });
    add("copy", {}, "A dict of the same keys and values.",
        [](const MemberCall& call, Args) -> Result { return Self(call).Copy().ToValue(); });
    return made;
  }();
  return info;
}

}  // namespace rpyc
