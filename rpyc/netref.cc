#include "rpyc/netref.h"

#include "absl/strings/str_cat.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

Value Keywords(std::vector<std::pair<std::string, Value>> keyword) {
  std::vector<Value> pairs;
  for (auto& [name, value] : keyword) {
    pairs.push_back(Value::Tuple({Value(std::move(name)), std::move(value)}));
  }
  return Value::Tuple(std::move(pairs));
}

absl::Status ConnectionEnded() { return PyStatus("EOFError", "the connection has ended"); }

}  // namespace

void NetrefOwner::Push(Release release) {
  MutexLock lock(&mutex_);
  releases_.push_back(std::move(release));
  any_releases_.store(true, std::memory_order_relaxed);
}

std::vector<NetrefOwner::Release> NetrefOwner::TakeReleases() {
  if (!any_releases_.load(std::memory_order_relaxed)) return {};
  MutexLock lock(&mutex_);
  any_releases_.store(false, std::memory_order_relaxed);
  return std::exchange(releases_, {});
}

absl::StatusOr<Value> NetrefOwner::Request(Handle handle, Value args) {
  Requester* requester;
  {
    MutexLock lock(&mutex_);
    requester = requester_;
  }
  // It cannot end meanwhile: only the thread that serves it may ask, and that thread ends it.
  if (requester == nullptr) return ConnectionEnded();
  return requester->Request(handle, std::move(args));
}

void NetrefOwner::Detach() {
  MutexLock lock(&mutex_);
  requester_ = nullptr;
}

Netref::Netref(std::string encoded_id_pack, std::string type_name, std::weak_ptr<NetrefOwner> owner)
    : id_pack_(std::move(encoded_id_pack)),
      type_name_(std::move(type_name)),
      class_id_(NewObjectId()),
      owner_(std::move(owner)) {}

Netref::~Netref() {
  if (std::shared_ptr<NetrefOwner> owner = owner_.lock()) owner->Push({id_pack_, references_});
}

bool Netref::BelongsTo(const std::shared_ptr<NetrefOwner>& owner) const {
  return !owner_.owner_before(owner) && !owner.owner_before(owner_);
}

absl::StatusOr<Value> Netref::Request(Handle handle, std::vector<Value> args) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return ConnectionEnded();
  args.insert(args.begin(), Value(shared_from_this()));
  return owner->Request(handle, Value::Tuple(std::move(args)));
}

absl::StatusOr<std::string> Netref::RequestText(Handle handle) {
  absl::StatusOr<Value> text = Request(handle);
  if (!text.ok()) return text.status();
  if (text->AsStr() == nullptr) {
    return PyStatus("TypeError", absl::StrCat("the peer gave ", text->type_name(), ", not str"));
  }
  return std::move(*text->MutableStr());
}

absl::StatusOr<Value> Netref::GetAttr(const CallContext&, AttributeRef attribute) {
  return Request(Handle::kGetAttr, {Value(attribute.name)});
}

absl::Status Netref::SetAttr(const CallContext&, AttributeRef attribute, Value value) {
  return Request(Handle::kSetAttr, {Value(attribute.name), std::move(value)}).status();
}

absl::Status Netref::DelAttr(const CallContext&, AttributeRef attribute) {
  return Request(Handle::kDelAttr, {Value(attribute.name)}).status();
}

absl::StatusOr<Value> Netref::Call(const CallContext&, CallArgs args) {
  return Request(Handle::kCall,
                 {Value::Tuple(std::move(args.positional)), Keywords(std::move(args.keyword))});
}

absl::StatusOr<Value> Netref::CallAttr(const CallContext&, AttributeRef attribute, CallArgs args) {
  return Request(Handle::kCallAttr,
                 {Value(attribute.name), Value::Tuple(std::move(args.positional)),
                  Keywords(std::move(args.keyword))});
}

absl::StatusOr<std::string> Netref::Str(const CallContext&) { return RequestText(Handle::kStr); }

absl::StatusOr<std::string> Netref::Repr(const CallContext&) { return RequestText(Handle::kRepr); }

absl::StatusOr<Value> Netref::Hash(const CallContext&) { return Request(Handle::kHash); }

absl::StatusOr<Value> Netref::Compare(const CallContext&, absl::string_view op,
                                      const Value& other) {
  return Request(Handle::kCmp, {other, Value(op)});
}

absl::StatusOr<std::vector<Value>> Netref::NextItems(const CallContext&, size_t count) {
  absl::StatusOr<Value> items = Request(Handle::kBuffIter, {Value(static_cast<int64_t>(count))});
  if (!items.ok()) return items.status();
  if (!items->IsTuple()) {
    return PyStatus("TypeError", absl::StrCat("the peer gave ", items->type_name(), ", not tuple"));
  }
  return std::move(*items).TakeItems();
}

}  // namespace rpyc
