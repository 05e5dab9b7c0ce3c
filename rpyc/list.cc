#include "rpyc/list.h"

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "rpyc/cast/ask.h"
#include "rpyc/discard.h"
#include "rpyc/errors.h"
#include "rpyc/list_object.h"
#include "rpyc/mutex.h"

namespace rpyc {

struct List::Data {
  ~Data() { Discard(std::move(items)); }

  mutable Mutex mutex;
  std::vector<Value> items ABSL_GUARDED_BY(mutex);
};

namespace {

using Items = std::vector<Value>;

absl::Status OutOfRange(absl::string_view message) { return PyStatus("IndexError", message); }

// Counts a negative index from the end; the result is -1 or less if it is before the first item.
int64_t FromStart(int64_t index, const Items& items) {
  return index < 0 ? index + static_cast<int64_t>(items.size()) : index;
}

bool IsIndexOf(int64_t index, const Items& items) {
  return index >= 0 && index < static_cast<int64_t>(items.size());
}

}  // namespace

List::List() : data_(std::make_shared<Data>()) {}

List::List(std::initializer_list<Value> items) : List() { Assign(items); }

size_t List::size() const {
  MutexLock lock(&data_->mutex);
  return data_->items.size();
}

absl::StatusOr<Value> List::GetValue(int64_t index) const {
  MutexLock lock(&data_->mutex);
  index = FromStart(index, data_->items);
  if (!IsIndexOf(index, data_->items)) return OutOfRange("list index out of range");
  return data_->items[static_cast<size_t>(index)];
}

absl::Status List::SetValue(int64_t index, Value item) {
  MutexLock lock(&data_->mutex);
  index = FromStart(index, data_->items);
  if (!IsIndexOf(index, data_->items)) return OutOfRange("list assignment index out of range");
  std::swap(data_->items[static_cast<size_t>(index)], item);  // the old one is destroyed unlocked
  return absl::OkStatus();
}

void List::Append(Value item) {
  MutexLock lock(&data_->mutex);
  data_->items.push_back(std::move(item));
}

void List::InsertValue(int64_t index, Value item) {
  MutexLock lock(&data_->mutex);
  const int64_t at = std::clamp<int64_t>(FromStart(index, data_->items), 0,
                                         static_cast<int64_t>(data_->items.size()));
  data_->items.insert(data_->items.begin() + at, std::move(item));
}

absl::StatusOr<Value> List::Pop(int64_t index) {
  MutexLock lock(&data_->mutex);
  Items& items = data_->items;
  if (items.empty()) return OutOfRange("pop from empty list");
  index = FromStart(index, items);
  if (!IsIndexOf(index, items)) return OutOfRange("pop index out of range");
  Value item = std::move(items[static_cast<size_t>(index)]);
  items.erase(items.begin() + index);
  return item;
}

void List::Assign(Items items) {
  MutexLock lock(&data_->mutex);
  data_->items.swap(items);  // the parameter takes the old ones out of the lock
}

Items List::Snapshot() const {
  MutexLock lock(&data_->mutex);
  return data_->items;
}

List List::Copy() const {
  List copy;
  copy.Assign(Snapshot());
  return copy;
}

Value List::ToValue() const { return Value(std::make_shared<ListObject>(*this)); }

std::optional<List> List::Of(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  const auto* list = object == nullptr ? nullptr : dynamic_cast<const ListObject*>(object->get());
  if (list == nullptr) return std::nullopt;
  return ListObject::Handle(list->self());
}

absl::Status ListObject::Edit(const List& list,
                              absl::FunctionRef<absl::Status(Items* items, Items* dropped)> edit) {
  Items dropped;
  MutexLock lock(&list.data_->mutex);
  return edit(&list.data_->items, &dropped);
}

absl::StatusOr<List> Cast<List>::From(Value& value) {
  if (std::optional<List> list = List::Of(value)) return *std::move(list);
  return cast_internal::WrongObject("a list of this server", value);
}

}  // namespace rpyc
