#include "rpyc/iterate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/container.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"
#include "rpyc/python_ops.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

using TakeItem = absl::FunctionRef<absl::Status(size_t index, Value item)>;

constexpr size_t kFirstBatch = 32;
constexpr size_t kLargestBatch = 1000;
// A batch of the peer's items is one frame: aim well below what a frame may have.
constexpr size_t kBatchBytes = 1u << 20;

absl::Status NotIterable(const Value& value) {
  return PyStatus("TypeError", absl::StrCat("'", ShortTypeName(value), "' object is not iterable"));
}

// Hands items on until they are more than the limits allow.
class Counted {
 public:
  Counted(const Limits& limits, TakeItem take) : limits_(limits), take_(take) {}

  size_t bytes() const { return bytes_; }
  size_t count() const { return count_; }

  absl::Status Take(Value item) {
    bytes_ += MemoryOf(item);
    if (bytes_ > limits_.max_decoded_bytes) {
      return PyStatus("ValueError", absl::StrCat("too many items: over ", limits_.max_decoded_bytes,
                                                 " bytes after ", count_));
    }
    return take_(count_++, std::move(item));
  }

  absl::Status TakeAll(std::vector<Value> items) {
    for (Value& item : items) {
      absl::Status taken = Take(std::move(item));
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  }

 private:
  const Limits& limits_;
  const TakeItem take_;
  size_t bytes_ = 0;
  size_t count_ = 0;
};

absl::Status TakeObject(const CallContext& context, const Value& iterable, Counted* items) {
  if (const Container* container = AsContainer(iterable)) {
    std::vector<Value> all = container->Snapshot();
    if (container->kind() == Container::Kind::kList) return items->TakeAll(std::move(all));
    for (size_t i = 0; i < all.size(); i += 2) {
      absl::Status taken = items->Take(std::move(all[i]));
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Value> iterator =
      (*iterable.AsObject())->CallAttr(context, {.name = "__iter__", .exposed = false}, {});
  if (!iterator.ok()) {
    return IsPyStatus(iterator.status(), "AttributeError") ? NotIterable(iterable)
                                                           : iterator.status();
  }
  const std::shared_ptr<Object>* object = iterator->AsObject();
  if (object == nullptr) {
    return PyStatus("TypeError", absl::StrCat("iter() returned non-iterator of type '",
                                              ShortTypeName(*iterator), "'"));
  }
  for (size_t batch = kFirstBatch;;) {
    absl::StatusOr<std::vector<Value>> next = (*object)->NextItems(context, batch);
    if (!next.ok()) return std::move(next).status();
    if (next->empty()) return absl::OkStatus();
    absl::Status taken = items->TakeAll(*std::move(next));
    if (!taken.ok()) return taken;
    const size_t fit = kBatchBytes / (items->bytes() / items->count());
    batch = std::clamp<size_t>(std::min(fit, 2 * batch), 1, kLargestBatch);
  }
}

absl::Status TakeChars(const std::string& text, Counted* items) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(1, Utf8CharLength(absl::string_view(text).substr(at)));
    absl::Status taken = items->Take(Value(text.substr(at, length)));
    if (!taken.ok()) return taken;
    at += length;
  }
  return absl::OkStatus();
}

// A sequence of pairs rather than a mapping, by what Python tells of it: its type's name.
bool HoldsPairs(const Value& value) {
  const Container* container = AsContainer(value);
  if (container != nullptr) return container->kind() == Container::Kind::kList;
  if (value.AsObject() == nullptr) return true;
  constexpr absl::string_view kSequences[] = {"list",           "tuple",     "set",
                                              "frozenset",      "generator", "list_iterator",
                                              "tuple_iterator", "dict_items"};
  return std::find(std::begin(kSequences), std::end(kSequences), ShortTypeName(value)) !=
         std::end(kSequences);
}

absl::Status TakePair(const CallContext& context, size_t index, Value item, const Limits& limits,
                      absl::FunctionRef<absl::Status(Value key, Value value)> take) {
  const bool text = item.AsStr() != nullptr || item.AsBytes() != nullptr;
  absl::StatusOr<std::vector<Value>> pair = std::vector<Value>();
  if (item.IsTuple()) {
    pair = std::move(item).TakeItems();
  } else if (item.AsObject() != nullptr) {
    pair = CollectItems(context, item, limits);
    if (!pair.ok()) return std::move(pair).status();
  } else if (!text) {
    return PyStatus("TypeError", absl::StrCat("cannot convert dictionary update sequence element #",
                                              index, " to a sequence"));
  }
  if (text || pair->size() != 2) {
    return PyStatus("ValueError",
                    absl::StrCat("dictionary update sequence element #", index, " is no pair"));
  }
  return take(std::move((*pair)[0]), std::move((*pair)[1]));
}

}  // namespace

size_t MemoryOf(const Value& value) {
  size_t bytes = sizeof(Value);
  if (const std::string* text = value.AsStr()) return bytes + text->size();
  if (const Bytes* data = value.AsBytes()) return bytes + data->data.size();
  if (const BigInt* big = value.AsBigInt()) return bytes + big->decimal.size();
  for (const Value& item : value.items()) bytes += MemoryOf(item);
  return bytes;
}

absl::Status ForEachItem(const CallContext& context, const Value& iterable, const Limits& limits,
                         TakeItem take) {
  Counted items(limits, take);
  switch (iterable.kind()) {
    case Value::Kind::kTuple:
    case Value::Kind::kFrozenset:
      for (const Value& item : iterable.items()) {
        absl::Status taken = items.Take(item);
        if (!taken.ok()) return taken;
      }
      return absl::OkStatus();
    case Value::Kind::kStr:
      return TakeChars(*iterable.AsStr(), &items);
    case Value::Kind::kBytes:
      for (const char byte : iterable.AsBytes()->data) {
        absl::Status taken = items.Take(Value(int{static_cast<unsigned char>(byte)}));
        if (!taken.ok()) return taken;
      }
      return absl::OkStatus();
    case Value::Kind::kObject:
      return TakeObject(context, iterable, &items);
    default:
      return NotIterable(iterable);
  }
}

absl::Status ForEachPair(const CallContext& context, const Value& mapping, const Limits& limits,
                         absl::FunctionRef<absl::Status(Value key, Value value)> take) {
  if (const Container* container = AsContainer(mapping);
      container != nullptr && container->kind() == Container::Kind::kDict) {
    std::vector<Value> all = container->Snapshot();
    for (size_t i = 0; i < all.size(); i += 2) {
      absl::Status taken = take(std::move(all[i]), std::move(all[i + 1]));
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  }
  if (HoldsPairs(mapping)) {
    return ForEachItem(context, mapping, limits, [&](size_t index, Value item) {
      return TakePair(context, index, std::move(item), limits, take);
    });
  }
  size_t bytes = 0;
  return ForEachItem(context, mapping, limits, [&](size_t, Value key) {
    absl::StatusOr<Value> value = (*mapping.AsObject())
                                      ->CallAttr(context, {.name = "__getitem__", .exposed = false},
                                                 CallArgs{.positional = {key}, .keyword = {}});
    if (!value.ok()) return value.status();
    bytes += MemoryOf(*value);
    if (bytes > limits.max_decoded_bytes) {
      return PyStatus("ValueError", absl::StrCat("too many items: their values take over ",
                                                 limits.max_decoded_bytes, " bytes"));
    }
    return take(std::move(key), *std::move(value));
  });
}

absl::StatusOr<std::vector<Value>> CollectItems(const CallContext& context, const Value& iterable,
                                                const Limits& limits) {
  std::vector<Value> items;
  absl::Status taken = ForEachItem(context, iterable, limits, [&](size_t, Value item) {
    items.push_back(std::move(item));
    return absl::OkStatus();
  });
  if (!taken.ok()) return taken;
  return items;
}

}  // namespace rpyc
