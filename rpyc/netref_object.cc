#include "rpyc/netref_object.h"

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

absl::StatusOr<Value> NetrefOwner::Request(Handle handle, Value args,
                                           std::optional<absl::Duration> timeout) {
  Requester* requester;
  {
    MutexLock lock(&mutex_);
    requester = requester_;
  }
  // It cannot end meanwhile: only the thread that serves it may ask, and that thread ends it.
  if (requester == nullptr) return ConnectionEnded();
  return requester->Request(handle, std::move(args), timeout);
}

void NetrefOwner::Detach() {
  MutexLock lock(&mutex_);
  requester_ = nullptr;
}

NetrefObject::NetrefObject(std::string encoded_id_pack, std::string type_name,
                           std::weak_ptr<NetrefOwner> owner)
    : id_pack_(std::move(encoded_id_pack)),
      type_name_(std::move(type_name)),
      class_id_(NewObjectId()),
      owner_(std::move(owner)) {}

NetrefObject::~NetrefObject() {
  if (std::shared_ptr<NetrefOwner> owner = owner_.lock()) owner->Push({id_pack_, references_});
}

bool NetrefObject::BelongsTo(const std::shared_ptr<NetrefOwner>& owner) const {
  return !owner_.owner_before(owner) && !owner.owner_before(owner_);
}

absl::StatusOr<Value> NetrefObject::Request(const CallContext& context, Handle handle,
                                            std::vector<Value> args) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return ConnectionEnded();
  args.insert(args.begin(), Value(shared_from_this()));
  return owner->Request(handle, Value::Tuple(std::move(args)), context.timeout());
}

absl::StatusOr<std::string> NetrefObject::RequestText(const CallContext& context, Handle handle) {
  absl::StatusOr<Value> text = Request(context, handle);
  if (!text.ok()) return text.status();
  if (text->AsStr() == nullptr) {
    return PyStatus("TypeError", absl::StrCat("the peer gave ", text->type_name(), ", not str"));
  }
  return std::move(*text->MutableStr());
}

absl::StatusOr<Value> NetrefObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  return Request(context, Handle::kGetAttr, {Value(attribute.name)});
}

absl::Status NetrefObject::SetAttr(const CallContext& context, AttributeRef attribute,
                                   Value value) {
  return Request(context, Handle::kSetAttr, {Value(attribute.name), std::move(value)}).status();
}

absl::Status NetrefObject::DelAttr(const CallContext& context, AttributeRef attribute) {
  return Request(context, Handle::kDelAttr, {Value(attribute.name)}).status();
}

absl::StatusOr<Value> NetrefObject::Call(const CallContext& context, CallArgs args) {
  return Request(context, Handle::kCall,
                 {Value::Tuple(std::move(args.positional)), Keywords(std::move(args.keyword))});
}

absl::StatusOr<Value> NetrefObject::CallAttr(const CallContext& context, AttributeRef attribute,
                                             CallArgs args) {
  return Request(context, Handle::kCallAttr,
                 {Value(attribute.name), Value::Tuple(std::move(args.positional)),
                  Keywords(std::move(args.keyword))});
}

absl::StatusOr<std::string> NetrefObject::Str(const CallContext& context) {
  return RequestText(context, Handle::kStr);
}

absl::StatusOr<std::string> NetrefObject::Repr(const CallContext& context) {
  return RequestText(context, Handle::kRepr);
}

absl::StatusOr<Value> NetrefObject::Hash(const CallContext& context) {
  return Request(context, Handle::kHash);
}

absl::StatusOr<Value> NetrefObject::Compare(const CallContext& context, absl::string_view op,
                                            const Value& other) {
  return Request(context, Handle::kCmp, {other, Value(op)});
}

absl::StatusOr<std::vector<Value>> NetrefObject::NextItems(const CallContext& context,
                                                           size_t count) {
  absl::StatusOr<Value> items =
      Request(context, Handle::kBuffIter, {Value(static_cast<int64_t>(count))});
  if (!items.ok()) return items.status();
  if (!items->IsTuple()) {
    return PyStatus("TypeError", absl::StrCat("the peer gave ", items->type_name(), ", not tuple"));
  }
  return std::move(*items).TakeItems();
}

}  // namespace rpyc
