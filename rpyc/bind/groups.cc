#include "rpyc/bind/groups.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask.h"
#include "rpyc/errors.h"
#include "rpyc/list_slice.h"
#include "rpyc/python_ops.h"

namespace rpyc::bind_internal {
namespace {

// Holds a sequence's two functions.
struct SequenceFunctions {
  Member len;
  Member get;
};

// This is one object's sequence, for as long as a call or an iterator reads it.
class Sequence {
 public:
  Sequence(std::shared_ptr<const SequenceFunctions> functions, const MemberCall& call)
      : functions_(std::move(functions)),
        context_(call.context),
        self_(call.self),
        object_(call.object->shared_from_this()) {}

  absl::StatusOr<size_t> Size() const {
    absl::StatusOr<Value> size = functions_->len.body(functions_->len, Call(), {});
    if (!size.ok()) return std::move(size).status();
    if (size->AsInt() == nullptr) return PyStatus("TypeError", "the length is no int");
    if (*size->AsInt() < 0) return PyStatus("ValueError", "__len__() should return >= 0");
    return static_cast<size_t>(*size->AsInt());
  }
  absl::StatusOr<Value> At(size_t index) const {
    Value position(static_cast<int64_t>(index));
    return functions_->get.body(functions_->get, Call(), absl::MakeSpan(&position, 1));
  }
  const CallContext& context() const { return context_; }

 private:
  MemberCall Call() const { return {context_, self_, object_.get()}; }

  const std::shared_ptr<const SequenceFunctions> functions_;
  const CallContext context_;
  const std::shared_ptr<void> self_;
  const std::shared_ptr<Object> object_;
};

absl::StatusOr<Value> Slice(const Sequence& sequence, const Value& slice, size_t size) {
  absl::StatusOr<SliceRange> range = ResolveSlice(slice, size);
  if (!range.ok()) return std::move(range).status();
  std::vector<Value> items;
  for (size_t i = 0; i < range->count; ++i) {
    absl::StatusOr<Value> item = sequence.At(range->IndexOf(i));
    if (!item.ok()) return item;
    items.push_back(*std::move(item));
  }
  return Value::Tuple(std::move(items));
}

absl::StatusOr<Value> GetItem(const Sequence& sequence, Value key) {
  if (key.AsObject() != nullptr) {
    absl::StatusOr<Value> asked = cast_internal::AskInt(sequence.context(), key);
    if (asked.ok()) {
      key = *std::move(asked);
    } else if (!IsPyStatus(asked.status(), "TypeError")) {
      return asked;
    }
  }
  absl::StatusOr<size_t> size = sequence.Size();
  if (!size.ok()) return std::move(size).status();
  if (key.kind() == Value::Kind::kSlice) return Slice(sequence, key, *size);
  int64_t index = 0;
  if (const bool* b = key.AsBool()) {
    index = *b ? 1 : 0;
  } else if (key.AsInt() != nullptr) {
    index = *key.AsInt();
  } else if (key.AsBigInt() != nullptr) {
    return PyStatus("IndexError", "cannot fit 'int' into an index-sized integer");
  } else {
    return PyStatus("TypeError",
                    absl::StrCat("indices must be integers or slices, not ", key.type_name()));
  }
  const auto length = static_cast<int64_t>(*size);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return PyStatus("IndexError", "index out of range");
  return sequence.At(static_cast<size_t>(index));
}

absl::StatusOr<Value> Contains(const Sequence& sequence, const Value& wanted) {
  absl::StatusOr<size_t> size = sequence.Size();
  if (!size.ok()) return std::move(size).status();
  for (size_t i = 0; i < *size; ++i) {
    absl::StatusOr<Value> item = sequence.At(i);
    if (!item.ok()) return item;
    absl::StatusOr<bool> equal = PyEquals(sequence.context(), *item, wanted);
    if (!equal.ok()) return std::move(equal).status();
    if (*equal) return Value(true);
  }
  return Value(false);
}

// Iterates by index, so that items added or removed meanwhile do no harm.
absl::StatusOr<Value> Iterate(const Sequence& sequence) {
  const Iterator items(
      [sequence, next = size_t{0}]() mutable -> absl::StatusOr<std::optional<Value>> {
        absl::StatusOr<size_t> size = sequence.Size();
        if (!size.ok()) return std::move(size).status();
        if (next >= *size) return std::optional<Value>();
        return sequence.At(next++);
      });
  return Cast<Iterator>::To(items);
}

absl::StatusOr<Value> Reversed(const Sequence& sequence) {
  absl::StatusOr<size_t> left = sequence.Size();
  if (!left.ok()) return std::move(left).status();
  const Iterator items([sequence, left = *left]() mutable -> absl::StatusOr<std::optional<Value>> {
    absl::StatusOr<size_t> size = sequence.Size();
    if (!size.ok()) return std::move(size).status();
    if (left == 0 || left > *size) return std::optional<Value>();
    return sequence.At(--left);
  });
  return Cast<Iterator>::To(items);
}

using Method = absl::StatusOr<Value> (*)(const Sequence& sequence, absl::Span<Value> args);

Member SequenceMethod(absl::string_view name, Signature signature,
                      const std::shared_ptr<const SequenceFunctions>& functions, Method method) {
  Member member;
  member.name = std::string(name);
  member.signature = std::move(signature);
  member.needs_object = true;
  member.body = [functions, method](const Member&, const MemberCall& call, absl::Span<Value> args) {
    return method(Sequence(functions, call), args);
  };
  return member;
}

Parameter Unnamed(std::string type) {
  return {.name = {}, .type = std::move(type), .default_value = {}};
}

}  // namespace

void AddSequence(Member len, Member get, ClassInfo* info) {
  const std::string item = get.signature.return_type;
  const bool may_change = len.may_change_object || get.may_change_object;
  info->AddDefault(len);
  const auto functions = std::make_shared<const SequenceFunctions>(
      SequenceFunctions{.len = std::move(len), .get = std::move(get)});
  const auto add = [&](absl::string_view name, Signature signature, Method method) {
    Member member = SequenceMethod(name, std::move(signature), functions, method);
    member.may_change_object = may_change;
    member.add_classes = functions->get.add_classes;
    info->AddDefault(std::move(member));
  };
  add("__getitem__", {.parameters = {Unnamed("")}, .return_type = item},
      [](const Sequence& sequence, absl::Span<Value> args) {
        return GetItem(sequence, std::move(args[0]));
      });
  add("__contains__", {.parameters = {Unnamed("")}, .return_type = "bool"},
      [](const Sequence& sequence, absl::Span<Value> args) { return Contains(sequence, args[0]); });
  add("__iter__", {.parameters = {}, .return_type = "Iterator"},
      [](const Sequence& sequence, absl::Span<Value>) { return Iterate(sequence); });
  add("__reversed__", {.parameters = {}, .return_type = "Iterator"},
      [](const Sequence& sequence, absl::Span<Value>) { return Reversed(sequence); });
}

Member ReturningObject(Member member) {
  member.body = [body = std::move(member.body)](const Member& self, const MemberCall& call,
                                                absl::Span<Value> args) -> absl::StatusOr<Value> {
    absl::StatusOr<Value> done = body(self, call, args);
    if (!done.ok()) return done;
    return Value(call.object->shared_from_this());
  };
  member.signature.return_type.clear();
  return member;
}

Member MakeExit(Member exit, bool wants_flag) {
  const size_t takes = exit.signature.parameters.size();
  exit.signature.parameters.clear();
  for (const char* name : {"exc_type", "exc_value", "traceback"}) {
    exit.signature.parameters.push_back({.name = name, .type = {}, .default_value = Value()});
  }
  exit.body = [body = std::move(exit.body), takes, wants_flag](
                  const Member& self, const MemberCall& call, absl::Span<Value> args) {
    if (wants_flag) args[0] = Value(!args[0].is_none());
    return body(self, call, args.subspan(0, takes));
  };
  return exit;
}

}  // namespace rpyc::bind_internal
