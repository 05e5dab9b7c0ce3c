#include "rpyc/iterate.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rpyc/container.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/object.h"
#include "rpyc/pending_request.h"
#include "rpyc/python_ops.h"
#include "rpyc/utf8.h"

namespace rpyc {
namespace {

using TakeItem = absl::FunctionRef<absl::Status(size_t index, Value item)>;

constexpr size_t kFirstBatch = 32;
constexpr size_t kMaxBatch = 1000;
// A batch of the peer's items is one frame: aim well below what a frame may have.
constexpr size_t kBatchBytes = 1u << 20;
// So many small requests fit the buffers of a socket, so that none waits until answers are read.
constexpr size_t kMaxOpenRequests = 64;

absl::Status NotIterable(const Value& value) {
  return PyStatus("TypeError", absl::StrCat("'", ShortTypeName(value), "' object is not iterable"));
}

// Returns the items of one of our containers; of a dict, its keys.
std::vector<Value> ItemsOf(const Container& container) {
  std::vector<Value> all = container.Snapshot();
  if (container.kind() == Container::Kind::kList) return all;
  std::vector<Value> keys;
  keys.reserve(all.size() / 2);
  for (size_t i = 0; i < all.size(); i += 2) keys.push_back(std::move(all[i]));
  return keys;
}

std::vector<Value> CharsOf(const std::string& text) {
  std::vector<Value> chars;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(1, Utf8CharLength(absl::string_view(text).substr(at)));
    chars.emplace_back(text.substr(at, length));
    at += length;
  }
  return chars;
}

std::vector<Value> NumbersOf(const Bytes& bytes) {
  std::vector<Value> numbers;
  for (const char byte : bytes.data) numbers.emplace_back(int{static_cast<unsigned char>(byte)});
  return numbers;
}

// Whether it is a sequence of pairs rather than a mapping, judged by the name of its type.
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

// Passes object[key] for each of `keys` to `take`, until that fails.
absl::Status GetEach(const CallContext& context, Object& object, const std::vector<Value>& keys,
                     absl::FunctionRef<absl::Status(size_t index, absl::StatusOr<Value>)> take) {
  constexpr absl::string_view kGetItem = "__getitem__";
  auto* netref = dynamic_cast<NetrefObject*>(&object);
  const std::shared_ptr<NetrefOwner> owner = netref == nullptr ? nullptr : netref->owner();
  if (owner != nullptr) {
    return RequestConcurrently(
        context, *owner, keys.size(),
        [&](size_t i) {
          return netref->StartCallAttr(kGetItem, CallArgs{.positional = {keys[i]}, .keyword = {}});
        },
        take);
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::Status taken = take(i, object.CallAttr(context, {.name = kGetItem, .exposed = false},
                                                 CallArgs{.positional = {keys[i]}, .keyword = {}}));
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

// Returns object[key] for each of `keys`: a Python dict has no batch of values for peers with
// default settings.
absl::StatusOr<std::vector<Value>> GetItems(const CallContext& context, Object& object,
                                            const std::vector<Value>& keys) {
  std::vector<Value> values;
  values.reserve(keys.size());
  absl::Status got = GetEach(context, object, keys, [&values](size_t, absl::StatusOr<Value> value) {
    if (!value.ok()) return std::move(value).status();
    values.push_back(*std::move(value));
    return absl::OkStatus();
  });
  if (!got.ok()) return got;
  return values;
}

// The items of an object without __iter__, as Python reads them: object[0], object[1] and so on,
// until an IndexError. A peer is asked for `count` of them at the same time, so it may be asked
// beyond the end.
class IndexedItems : public Object {
 public:
  explicit IndexedItems(Value sequence) : sequence_(std::move(sequence)) {}

  absl::string_view type_name() const override { return "builtins.iterator"; }
  int64_t class_id() const override { return kFunctionClassId; }
  absl::StatusOr<std::vector<Value>> NextItems(const CallContext& context, size_t count) override {
    if (ended_) return std::vector<Value>();
    Object& object = **sequence_.AsObject();
    if (next_ == 0 && dynamic_cast<NetrefObject*>(&object) != nullptr) {
      // With one request Python iterates over as many as it is asked for. (A second one would begin
      // anew.)
      absl::StatusOr<std::vector<Value>> first = object.NextItems(context, count);
      if (IsPyStatus(first.status(), "TypeError")) return NotIterable(sequence_);
      if (first.ok()) {
        next_ = first->size();
        ended_ = next_ < count;
        if (!ended_) AskForLength(context);
        return first;
      }
      // A peer in C++ has no such iterating.
      if (!IsPyStatus(first.status(), "AttributeError")) return first;
    }
    if (length_) count = std::min(count, *length_ - std::min(next_, *length_));
    std::vector<Value> keys;
    for (size_t i = 0; i < count; ++i) keys.emplace_back(static_cast<int64_t>(next_ + i));
    std::vector<Value> items;
    absl::Status got = GetEach(context, object, keys, [&](size_t, absl::StatusOr<Value> item) {
      if (!item.ok()) return std::move(item).status();
      items.push_back(*std::move(item));
      return absl::OkStatus();
    });
    if (!got.ok()) {
      ended_ = IsPyStatus(got, "IndexError") || IsPyStatus(got, "StopIteration");
      if (!ended_) {
        return next_ == 0 && IsPyStatus(got, "AttributeError") ? NotIterable(sequence_) : got;
      }
    }
    next_ += items.size();
    if (items.empty()) ended_ = true;
    return items;
  }

 private:
  // Asks for the length, so that the object is not asked beyond its end. One that has none is read
  // until it says that it has ended.
  void AskForLength(const CallContext& context) {
    const absl::StatusOr<Value> length =
        (*sequence_.AsObject())->CallAttr(context, {.name = "__len__", .exposed = false}, {});
    if (length.ok() && length->AsInt() != nullptr && *length->AsInt() >= 0) {
      length_ = static_cast<size_t>(*length->AsInt());
    }
  }

  const Value sequence_;
  size_t next_ = 0;
  std::optional<size_t> length_;
  bool ended_ = false;
};

absl::StatusOr<std::shared_ptr<Object>> IteratorOf(const CallContext& context,
                                                   const Value& iterable) {
  absl::StatusOr<Value> iterator =
      (*iterable.AsObject())->CallAttr(context, {.name = "__iter__", .exposed = false}, {});
  if (!iterator.ok()) {
    if (!IsPyStatus(iterator.status(), "AttributeError")) return iterator.status();
    return std::make_shared<IndexedItems>(iterable);
  }
  if (iterator->AsObject() == nullptr) {
    return PyStatus("TypeError", absl::StrCat("iter() returned non-iterator of type '",
                                              ShortTypeName(*iterator), "'"));
  }
  return *iterator->AsObject();
}

}  // namespace

absl::Status RequestConcurrently(
    const CallContext& context, NetrefOwner& owner, size_t count,
    absl::FunctionRef<std::shared_ptr<PendingRequest>(size_t index)> start,
    absl::FunctionRef<absl::Status(size_t index, absl::StatusOr<Value> answer)> take) {
  std::deque<std::shared_ptr<PendingRequest>> asked;
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    for (; next < count && asked.size() < kMaxOpenRequests; ++next) asked.push_back(start(next));
    const absl::Duration limit = context.timeout().value_or(owner.sync_request_timeout());
    if (!owner.Await(*asked.front(), absl::Now() + limit)) return NotAnswered(limit);
    absl::Status taken = take(i, asked.front()->TakeAnswer());
    if (!taken.ok()) return taken;
    asked.pop_front();
  }
  return absl::OkStatus();
}

size_t MemoryOf(const Value& value) {
  size_t bytes = sizeof(Value);
  if (const std::string* text = value.AsStr()) return bytes + text->size();
  if (const Bytes* data = value.AsBytes()) return bytes + data->data.size();
  if (const BigInt* big = value.AsBigInt()) return bytes + big->decimal.size();
  for (const Value& item : value.items()) bytes += MemoryOf(item);
  return bytes;
}

absl::StatusOr<ItemReader> ItemReader::Of(const CallContext& context, const Value& iterable) {
  switch (iterable.kind()) {
    case Value::Kind::kTuple:
    case Value::Kind::kFrozenset:
      return ItemReader(std::vector<Value>(iterable.items().begin(), iterable.items().end()));
    case Value::Kind::kStr:
      return ItemReader(CharsOf(*iterable.AsStr()));
    case Value::Kind::kBytes:
      return ItemReader(NumbersOf(*iterable.AsBytes()));
    case Value::Kind::kObject: {
      if (const Container* container = AsContainer(iterable)) {
        return ItemReader(ItemsOf(*container));
      }
      absl::StatusOr<std::shared_ptr<Object>> iterator = IteratorOf(context, iterable);
      if (!iterator.ok()) return std::move(iterator).status();
      return ItemReader(*std::move(iterator));
    }
    default:
      return NotIterable(iterable);
  }
}

absl::StatusOr<std::vector<Value>> ItemReader::Next(const CallContext& context) {
  if (iterator_ == nullptr) return std::exchange(all_, {});
  if (count_ == 0) {
    batch_ = kFirstBatch;
  } else {
    const size_t fit = kBatchBytes / (bytes_ / count_);
    batch_ = std::clamp<size_t>(std::min(fit, 2 * batch_), 1, kMaxBatch);
  }
  absl::StatusOr<std::vector<Value>> items = iterator_->NextItems(context, batch_);
  if (!items.ok()) return items;
  count_ += items->size();
  for (const Value& item : *items) bytes_ += MemoryOf(item);
  return items;
}

absl::Status ForEachBatch(
    const CallContext& context, const Value& iterable, const Limits& limits,
    absl::FunctionRef<absl::Status(size_t first, std::vector<Value> items)> take) {
  absl::StatusOr<ItemReader> reader = ItemReader::Of(context, iterable);
  if (!reader.ok()) return std::move(reader).status();
  size_t bytes = 0;
  for (size_t count = 0;;) {
    absl::StatusOr<std::vector<Value>> items = reader->Next(context);
    if (!items.ok()) return std::move(items).status();
    if (items->empty()) return absl::OkStatus();
    size_t fit = 0;
    while (fit < items->size() && (bytes += MemoryOf((*items)[fit])) <= limits.max_decoded_bytes) {
      ++fit;
    }
    const bool too_many = fit < items->size();
    items->resize(fit);
    const size_t first = count;
    count += fit;
    absl::Status taken = take(first, *std::move(items));
    if (!taken.ok()) return taken;
    if (too_many) {
      return PyStatus("ValueError", absl::StrCat("too many items: over ", limits.max_decoded_bytes,
                                                 " bytes after ", count));
    }
  }
}

absl::Status ForEachItem(const CallContext& context, const Value& iterable, const Limits& limits,
                         TakeItem take) {
  return ForEachBatch(context, iterable, limits, [&](size_t first, std::vector<Value> items) {
    for (size_t i = 0; i < items.size(); ++i) {
      absl::Status taken = take(first + i, std::move(items[i]));
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  });
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
  absl::StatusOr<ItemReader> reader = ItemReader::Of(context, mapping);
  if (!reader.ok()) return std::move(reader).status();
  for (size_t bytes = 0;;) {
    absl::StatusOr<std::vector<Value>> keys = reader->Next(context);
    if (!keys.ok()) return std::move(keys).status();
    if (keys->empty()) return absl::OkStatus();
    absl::StatusOr<std::vector<Value>> values = GetItems(context, **mapping.AsObject(), *keys);
    if (!values.ok()) return std::move(values).status();
    for (size_t i = 0; i < keys->size(); ++i) {
      bytes += MemoryOf((*keys)[i]) + MemoryOf((*values)[i]);
      if (bytes > limits.max_decoded_bytes) {
        return PyStatus("ValueError", absl::StrCat("too many items: they take over ",
                                                   limits.max_decoded_bytes, " bytes"));
      }
      absl::Status taken = take(std::move((*keys)[i]), std::move((*values)[i]));
      if (!taken.ok()) return taken;
    }
  }
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
