#include "rpyc/dict.h"

#include "rpyc/cast/ask.h"
#include "rpyc/dict_data.h"
#include "rpyc/dict_object.h"
#include "rpyc/errors.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

absl::Status MissingKey(const Value& key) {
  return PyStatus(RemoteException{.name = "KeyError", .args = {key}});
}

}  // namespace

Dict::Dict() : data_(std::make_shared<Data>()) {}

Dict::Dict(std::initializer_list<Entry> entries) : Dict() {
  for (const Entry& entry : entries) SetValue(entry.key, entry.value).IgnoreError();
}

size_t Dict::size() const { return data_->size(); }

absl::StatusOr<Value> Dict::GetValue(const Value& key) const {
  absl::StatusOr<Value> hashable = HashableKey(key);
  if (!hashable.ok()) return hashable;
  std::optional<Value> found = data_->Find(*hashable);
  if (!found) return MissingKey(key);
  return *std::move(found);
}

absl::Status Dict::SetValue(Value key, Value value) {
  absl::StatusOr<Value> hashable = HashableKey(key);
  if (!hashable.ok()) return std::move(hashable).status();
  data_->Set(*hashable, std::move(key), std::move(value));
  return absl::OkStatus();
}

absl::StatusOr<Value> Dict::PopValue(const Value& key) {
  absl::StatusOr<Value> hashable = HashableKey(key);
  if (!hashable.ok()) return hashable;
  std::optional<Data::Pair> removed = data_->Remove(*hashable);
  if (!removed) return MissingKey(key);
  return std::move(removed->second);
}

void Dict::clear() { data_->RemoveAll(); }

std::vector<std::pair<Value, Value>> Dict::Snapshot() const { return data_->Pairs(); }

Dict Dict::Copy() const {
  Dict copy;
  for (auto& [key, value] : Snapshot()) {
    copy.SetValue(std::move(key), std::move(value)).IgnoreError();
  }
  return copy;
}

Value Dict::ToValue() const { return Value(std::make_shared<DictObject>(*this)); }

std::optional<Dict> Dict::Of(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  const auto* dict = object == nullptr ? nullptr : dynamic_cast<const DictObject*>(object->get());
  if (dict == nullptr) return std::nullopt;
  return DictObject::Handle(dict->self());
}

absl::StatusOr<Dict> Cast<Dict>::From(Value& value) {
  if (std::optional<Dict> dict = Dict::Of(value)) return *std::move(dict);
  return cast_internal::WrongObject("a dict of this server", value);
}

}  // namespace rpyc
