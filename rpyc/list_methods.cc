// This is Python's list, method by method.
// Source:  CPython 3.11, Objects/listobject.c, for semantics and texts.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/builtin_method.h"
#include "rpyc/cast/ask.h"
#include "rpyc/errors.h"
#include "rpyc/iterate.h"
#include "rpyc/iterator.h"
#include "rpyc/limits.h"
#include "rpyc/list.h"
#include "rpyc/list_object.h"
#include "rpyc/list_slice.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

using Args = absl::Span<Value>;
using Items = std::vector<Value>;
using Result = absl::StatusOr<Value>;

constexpr int64_t kMaxIndex = std::numeric_limits<int64_t>::max();

// How long a peer may make a list in one step: [0] * 10 ** 12 is one short request.
constexpr size_t kMaxItems = Limits().max_decoded_bytes / sizeof(Value);

List Self(const MemberCall& call) { return ListObject::Handle(call.self); }

Result DoneOr(absl::Status status) {
  if (!status.ok()) return status;
  return Value();
}

// Converts an argument that must be an int, or an object that is one.
absl::StatusOr<int64_t> ToIndex(const CallContext& context, const Value& value) {
  if (value.AsObject() != nullptr) {
    const absl::StatusOr<Value> asked = cast_internal::AskInt(context, value);
    if (asked.ok()) return ToIndex(context, *asked);
    if (!IsPyStatus(asked.status(), "TypeError")) return asked.status();
  }
  if (const bool* b = value.AsBool()) return *b ? 1 : 0;
  if (const int64_t* i = value.AsInt()) return *i;
  if (value.AsBigInt() != nullptr) {
    return PyStatus("IndexError", "cannot fit 'int' into an index-sized integer");
  }
  return PyStatus("TypeError", absl::StrCat("'", ShortTypeName(value),
                                            "' object cannot be interpreted as an integer"));
}

// Converts the key of list[key], where it is no slice.
absl::StatusOr<int64_t> ToSubscript(const CallContext& context, const Value& key) {
  absl::StatusOr<int64_t> index = ToIndex(context, key);
  if (index.ok() || !IsPyStatus(index.status(), "TypeError")) return index;
  return PyStatus("TypeError", absl::StrCat("list indices must be integers or slices, not ",
                                            ShortTypeName(key)));
}

bool IsSlice(const Value& key) { return key.kind() == Value::Kind::kSlice; }

Value NewList(Items items) {
  List list;
  list.Assign(std::move(items));
  return list.ToValue();
}

absl::Status TooLong() { return PyStatus("MemoryError", "the list would be too long"); }

// The items of a list, ours or the peer's; nothing if `value` is no list.
absl::StatusOr<std::optional<Items>> ItemsOfList(const CallContext& context, const Value& value) {
  if (std::optional<List> list = List::Of(value)) return list->Snapshot();
  if (value.AsObject() == nullptr || value.type_name() != "builtins.list") {
    return std::optional<Items>();
  }
  absl::StatusOr<Items> items = CollectItems(context, value);
  if (!items.ok()) return std::move(items).status();
  return std::optional<Items>(*std::move(items));
}

// How many times list * count repeats the items.
absl::StatusOr<int64_t> ToTimes(const CallContext& context, const Value& count) {
  absl::StatusOr<int64_t> times = ToIndex(context, count);
  if (IsPyStatus(times.status(), "TypeError")) {
    return PyStatus("TypeError", absl::StrCat("can't multiply sequence by non-int of type '",
                                              ShortTypeName(count), "'"));
  }
  if (IsPyStatus(times.status(), "IndexError")) {
    return PyStatus("OverflowError", "cannot fit 'int' into an index-sized integer");
  }
  return times;
}

// Returns the items, repeated `times` times.
absl::StatusOr<Items> Repeated(const Items& items, int64_t times) {
  Items repeated;
  if (times <= 0 || items.empty()) return repeated;
  if (static_cast<uint64_t>(times) > kMaxItems / items.size()) return TooLong();
  repeated.reserve(items.size() * static_cast<size_t>(times));
  for (int64_t i = 0; i < times; ++i) {
    repeated.insert(repeated.end(), items.begin(), items.end());
  }
  return repeated;
}

absl::Status Extend(const MemberCall& call, const Value& iterable) {
  absl::StatusOr<Items> more = CollectItems(call.context, iterable);
  if (!more.ok()) return std::move(more).status();
  return ListObject::Edit(Self(call), [&](Items* items, Items*) {
    if (items->size() + more->size() > kMaxItems) return TooLong();
    items->insert(items->end(), std::make_move_iterator(more->begin()),
                  std::make_move_iterator(more->end()));
    return absl::OkStatus();
  });
}

Result GetItem(const MemberCall& call, Args args) {
  if (!IsSlice(args[0])) {
    absl::StatusOr<int64_t> index = ToSubscript(call.context, args[0]);
    if (!index.ok()) return std::move(index).status();
    return Self(call).Get(*index);
  }
  const Items items = Self(call).Snapshot();
  absl::StatusOr<SliceRange> range = ResolveSlice(args[0], items.size());
  if (!range.ok()) return std::move(range).status();
  Items chosen;
  chosen.reserve(range->count);
  for (size_t i = 0; i < range->count; ++i) chosen.push_back(items[range->IndexOf(i)]);
  return NewList(std::move(chosen));
}

Result SetItem(const MemberCall& call, Args args) {
  if (!IsSlice(args[0])) {
    absl::StatusOr<int64_t> index = ToSubscript(call.context, args[0]);
    if (!index.ok()) return std::move(index).status();
    return DoneOr(Self(call).Set(*index, std::move(args[1])));
  }
  absl::StatusOr<Items> assigned = CollectItems(call.context, args[1]);
  if (!assigned.ok()) {
    return IsPyStatus(assigned.status(), "TypeError")
               ? PyStatus("TypeError", "can only assign an iterable")
               : std::move(assigned).status();
  }
  return DoneOr(ListObject::Edit(Self(call), [&](Items* items, Items* dropped) -> absl::Status {
    absl::StatusOr<SliceRange> range = ResolveSlice(args[0], items->size());
    if (!range.ok()) return std::move(range).status();
    if (items->size() + assigned->size() > kMaxItems) return TooLong();
    *dropped = *items;
    return AssignSlice(*range, *std::move(assigned), items);
  }));
}

Result DelItem(const MemberCall& call, Args args) {
  if (!IsSlice(args[0])) {
    absl::StatusOr<int64_t> index = ToSubscript(call.context, args[0]);
    if (!index.ok()) return std::move(index).status();
    absl::StatusOr<Value> gone = Self(call).Pop(*index);
    if (gone.ok()) return Value();
    return PyStatus("IndexError", "list assignment index out of range");
  }
  return DoneOr(ListObject::Edit(Self(call), [&](Items* items, Items* dropped) -> absl::Status {
    absl::StatusOr<SliceRange> range = ResolveSlice(args[0], items->size());
    if (!range.ok()) return std::move(range).status();
    *dropped = *items;
    DeleteSlice(*range, items);
    return absl::OkStatus();
  }));
}

Result Add(const MemberCall& call, Args args) {
  absl::StatusOr<std::optional<Items>> other = ItemsOfList(call.context, args[0]);
  if (!other.ok()) return std::move(other).status();
  if (!*other) {
    return PyStatus("TypeError", absl::StrCat("can only concatenate list (not \"",
                                              ShortTypeName(args[0]), "\") to list"));
  }
  Items items = Self(call).Snapshot();
  if (items.size() + (*other)->size() > kMaxItems) return TooLong();
  items.insert(items.end(), (*other)->begin(), (*other)->end());
  return NewList(std::move(items));
}

Result Multiply(const MemberCall& call, Args args) {
  absl::StatusOr<int64_t> times = ToTimes(call.context, args[0]);
  if (!times.ok()) return std::move(times).status();
  absl::StatusOr<Items> items = Repeated(Self(call).Snapshot(), *times);
  if (!items.ok()) return std::move(items).status();
  return NewList(*std::move(items));
}

Result AddInPlace(const MemberCall& call, Args args) {
  absl::Status extended = Extend(call, args[0]);
  if (!extended.ok()) return extended;
  return Self(call).ToValue();
}

Result MultiplyInPlace(const MemberCall& call, Args args) {
  absl::StatusOr<int64_t> times = ToTimes(call.context, args[0]);
  if (!times.ok()) return std::move(times).status();
  absl::Status repeated = ListObject::Edit(Self(call), [&](Items* items, Items* dropped) {
    absl::StatusOr<Items> many = Repeated(*items, *times);
    if (!many.ok()) return std::move(many).status();
    *dropped = std::exchange(*items, *std::move(many));
    return absl::OkStatus();
  });
  if (!repeated.ok()) return repeated;
  return Self(call).ToValue();
}

// Python's list iterators read the list as it is at each step.
Result Iterate(const MemberCall& call, Args) {
  return Value(Iterator([list = Self(call), i = int64_t{0}]() mutable -> std::optional<Value> {
                 absl::StatusOr<Value> item = list.Get(i++);
                 return item.ok() ? std::make_optional(*std::move(item)) : std::nullopt;
               }).object());
}

Result Reversed(const MemberCall& call, Args) {
  const List list = Self(call);
  return Value(
      Iterator([list, i = static_cast<int64_t>(list.size())]() mutable -> std::optional<Value> {
        if (--i < 0) return std::nullopt;
        absl::StatusOr<Value> item = list.Get(i);
        return item.ok() ? std::make_optional(*std::move(item)) : std::nullopt;
      }).object());
}

template <const char* kOperator>
Result CompareWith(const MemberCall& call, Args args) {
  if (args[0].AsObject() == nullptr) return NotImplemented();
  Value other = std::move(args[0]);
  if (!List::Of(other)) {
    // A Python server says that a list of its client's never equals one of its own.
    absl::StatusOr<std::optional<Items>> items = ItemsOfList(call.context, other);
    if (!items.ok()) return std::move(items).status();
    if (!*items) return NotImplemented();
    other = NewList(**std::move(items));
  }
  absl::StatusOr<bool> result = PyCompare(call.context, kOperator, Self(call).ToValue(), other);
  if (!result.ok()) return std::move(result).status();
  return Value(*result);
}

Result Contains(const MemberCall& call, Args args) {
  const Items items = Self(call).Snapshot();
  absl::StatusOr<size_t> index = FindEqual(call.context, items, args[0]);
  if (!index.ok()) return std::move(index).status();
  return Value(*index < items.size());
}

Result ReprOf(const MemberCall& call, Args) {
  absl::StatusOr<std::string> text = PyRepr(call.context, Self(call).ToValue());
  if (!text.ok()) return std::move(text).status();
  return Value(*std::move(text));
}

Result Insert(const MemberCall& call, Args args) {
  absl::StatusOr<int64_t> index = ToIndex(call.context, args[0]);
  if (!index.ok()) return std::move(index).status();
  Self(call).insert(*index, std::move(args[1]));
  return Value();
}

Result Pop(const MemberCall& call, Args args) {
  absl::StatusOr<int64_t> index = ToIndex(call.context, args[0]);
  if (!index.ok()) return std::move(index).status();
  return Self(call).Pop(*index);
}

Result Remove(const MemberCall& call, Args args) {
  const Items items = Self(call).Snapshot();
  absl::StatusOr<size_t> found = FindEqual(call.context, items, args[0]);
  if (!found.ok()) return std::move(found).status();
  if (*found == items.size()) return PyStatus("ValueError", "list.remove(x): x not in list");
  return DoneOr(ListObject::Edit(Self(call), [&](Items* now, Items* dropped) {
    if (*found >= now->size() || (*now)[*found] != items[*found]) {
      return PyStatus("ValueError", "list modified during remove");
    }
    dropped->push_back(std::move((*now)[*found]));
    now->erase(now->begin() + static_cast<int64_t>(*found));
    return absl::OkStatus();
  }));
}

Result Index(const MemberCall& call, Args args) {
  const Items items = Self(call).Snapshot();
  absl::StatusOr<SliceRange> range =
      ResolveSlice(Value::Slice(args[1], args[2], Value()), items.size());
  if (!range.ok()) return std::move(range).status();
  const auto start = static_cast<size_t>(range->start);
  absl::StatusOr<size_t> found =
      FindEqual(call.context, absl::MakeSpan(items).subspan(start, range->count), args[0]);
  if (!found.ok()) return std::move(found).status();
  if (*found < range->count) return Value(static_cast<int64_t>(start + *found));
  absl::StatusOr<std::string> text = PyRepr(call.context, args[0]);
  if (!text.ok()) return std::move(text).status();
  return PyStatus("ValueError", absl::StrCat(*text, " is not in list"));
}

Result Count(const MemberCall& call, Args args) {
  const Items items = Self(call).Snapshot();
  int64_t count = 0;
  for (absl::Span<const Value> rest = items;; ++count) {
    absl::StatusOr<size_t> found = FindEqual(call.context, rest, args[0]);
    if (!found.ok()) return std::move(found).status();
    if (*found == rest.size()) return Value(count);
    rest.remove_prefix(*found + 1);
  }
}

Result Reverse(const MemberCall& call, Args) {
  return DoneOr(ListObject::Edit(Self(call), [](Items* items, Items*) {
    std::reverse(items->begin(), items->end());
    return absl::OkStatus();
  }));
}

// `key` is asked and the items are compared with the list unlocked: both may be the peer's.
Result Sort(const MemberCall& call, Args args) {
  const Value& key = args[0];
  const Items items = Self(call).Snapshot();
  Items keys;
  keys.reserve(items.size());
  for (const Value& item : items) {
    if (key.is_none()) {
      keys.push_back(item);
      continue;
    }
    if (key.AsObject() == nullptr) {
      return PyStatus("TypeError",
                      absl::StrCat("'", ShortTypeName(key), "' object is not callable"));
    }
    absl::StatusOr<Value> made =
        (*key.AsObject())->Call(call.context, CallArgs{.positional = {item}, .keyword = {}});
    if (!made.ok()) return made;
    keys.push_back(*std::move(made));
  }
  absl::StatusOr<int64_t> reverse = ToIndex(call.context, args[1]);
  if (!reverse.ok()) return std::move(reverse).status();
  absl::StatusOr<Items> sorted = SortedBy(call.context, std::move(keys), items, *reverse != 0);
  if (!sorted.ok()) return std::move(sorted).status();
  return DoneOr(ListObject::Edit(Self(call), [&](Items* now, Items* dropped) {
    if (*now != items) return PyStatus("ValueError", "list modified during sort");
    *dropped = std::exchange(*now, *std::move(sorted));
    return absl::OkStatus();
  }));
}

constexpr char kEq[] = "__eq__";
constexpr char kNe[] = "__ne__";
constexpr char kLt[] = "__lt__";
constexpr char kLe[] = "__le__";
constexpr char kGt[] = "__gt__";
constexpr char kGe[] = "__ge__";

}  // namespace

const std::shared_ptr<const ClassInfo>& ListObject::Class() {
  static const std::shared_ptr<const ClassInfo> info = [] {
    // By this name clients take it for a list.
    auto made = std::make_shared<ClassInfo>("builtins.list");
    made->set_doc("A list held by the server.");
    const auto add = [&](absl::string_view name, std::vector<Parameter> parameters,
                         absl::string_view doc, BuiltinBody body) {
      made->Add(BuiltinMethod(name, std::move(parameters), doc, body));
    };
    add("__len__", {}, "", [](const MemberCall& call, Args) -> Result {
      return Value(static_cast<int64_t>(Self(call).size()));
    });
    add("__getitem__", Positional(1), "", GetItem);
    add("__setitem__", Positional(2), "", SetItem);
    add("__delitem__", Positional(1), "", DelItem);
    add("__iter__", {}, "", Iterate);
    add("__reversed__", {}, "", Reversed);
    add("__contains__", Positional(1), "", Contains);
    add("__add__", Positional(1), "", Add);
    add("__iadd__", Positional(1), "", AddInPlace);
    add("__mul__", Positional(1), "", Multiply);
    add("__rmul__", Positional(1), "", Multiply);
    add("__imul__", Positional(1), "", MultiplyInPlace);
    // Clients ask every object with a builtin's name for it.
    add("__or__", Positional(1), "",
        [](const MemberCall&, Args) -> Result { return NotImplemented(); });
    add(kEq, Positional(1), "", CompareWith<kEq>);
    add(kNe, Positional(1), "", CompareWith<kNe>);
    add(kLt, Positional(1), "", CompareWith<kLt>);
    add(kLe, Positional(1), "", CompareWith<kLe>);
    add(kGt, Positional(1), "", CompareWith<kGt>);
    add(kGe, Positional(1), "", CompareWith<kGe>);
    add("__hash__", {}, "", [](const MemberCall&, Args) -> Result {
      return PyStatus("TypeError", "unhashable type: 'list'");
    });
    add("__repr__", {}, "", ReprOf);

    add("append", Positional(1), "Appends an object.",
        [](const MemberCall& call, Args args) -> Result {
          Self(call).push_back(std::move(args[0]));
          return Value();
        });
    add("extend", Positional(1), "Appends the items of an iterable.",
        [](const MemberCall& call, Args args) { return DoneOr(Extend(call, args[0])); });
    add("insert", Positional(2), "Inserts an object before an index.", Insert);
    add("pop", Positional(0, {-1}), "Takes an item out, the last by default.", Pop);
    add("remove", Positional(1), "Removes the first item that equals a value.", Remove);
    add("clear", {}, "Removes all items.", [](const MemberCall& call, Args) -> Result {
      Self(call).clear();
      return Value();
    });
    add("index", Positional(1, {0, kMaxIndex}), "The first index of a value.", Index);
    add("count", Positional(1), "How many items equal a value.", Count);
    add("reverse", {}, "Reverses the order.", Reverse);
    add("sort",
        {{.name = "key", .type = "", .default_value = Value()},
         {.name = "reverse", .type = "", .default_value = Value(false)}},
        "Sorts in place, keeping the order of equal items.", Sort);
    add("copy", {}, "A list of the same items.",
        [](const MemberCall& call, Args) -> Result { return Self(call).Copy().ToValue(); });
    return made;
  }();
  return info;
}

}  // namespace rpyc
