#include "rpyc/netref_object.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpyc/assert.h"
#include "rpyc/brine.h"
#include "rpyc/byte_budget.h"
#include "rpyc/errors.h"
#include "rpyc/id_pack.h"
#include "rpyc/limits.h"

namespace rpyc {
namespace {

// How many of its peer's classes a connection remembers; a peer that has more is asked again.
constexpr size_t kMaxKnownClasses = 256;

ClassTraits TraitsOf(const Object::Methods& methods) {
  const auto has = [&methods](absl::string_view name) {
    return std::any_of(methods.begin(), methods.end(),
                       [name](const auto& method) { return method.first == name; });
  };
  ClassTraits traits;
  traits.is_text = has("casefold") && has("isidentifier") && has("maketrans");
  const bool holds_bytes = has("fromhex") && has("decode") && has("isascii");
  traits.is_bytes = holds_bytes && !has("append");
  traits.is_bytearray = holds_bytes && has("append");
  traits.is_float = has("__float__") && has("fromhex") && has("is_integer");
  traits.has_index = has("__index__");
  traits.has_float = has("__float__");
  traits.has_iter = has("__iter__");
  traits.has_len = has("__len__");
  traits.has_getitem = has("__getitem__");
  traits.has_tobytes = has("tobytes");
  traits.has_keys = has("keys");
  return traits;
}

Value Keywords(std::vector<std::pair<std::string, Value>> keyword) {
  std::vector<Value> pairs;
  for (auto& [name, value] : keyword) {
    pairs.push_back(Value::Tuple({Value(std::move(name)), std::move(value)}));
  }
  return Value::Tuple(std::move(pairs));
}

// The name that the owner is asked for: under the asking peer's rules no more than what is exposed.
Value NameAtOwner(AttributeRef attribute) {
  return Value(absl::StrCat(attribute.prefix, attribute.name));
}

absl::Status UnexpectedAnswer(absl::string_view expected, const Value& got) {
  return PyStatus("TypeError", absl::StrCat("the peer gave ", got.type_name(), ", not ", expected));
}

absl::Status ConnectionEnded() { return PyStatus("EOFError", "the connection has ended"); }

// Makes a request that is answered by the reason why it could not be sent.
std::shared_ptr<PendingRequest> FailedRequest(absl::Status why) {
  auto request = std::make_shared<PendingRequest>();
  request->Answer(std::move(why));
  return request;
}

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

// Keeps the connection from being destroyed while a request runs on it.
class NetrefOwner::Use {
 public:
  explicit Use(NetrefOwner* owner) : owner_(owner) {
    MutexLock lock(&owner_->mutex_);
    requester_ = owner_->requester_;
    if (requester_ == nullptr) return;
    kept_alive_ = owner_->keep_alive_.lock();
    ++owner_->uses_;
  }
  ~Use() {
    if (requester_ == nullptr) return;
    MutexLock lock(&owner_->mutex_);
    RPYC_ASSERT(owner_->uses_ > 0);
    if (--owner_->uses_ == 0) owner_->unused_.SignalAll();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  // Null: the connection has ended.
  Requester* requester() const { return requester_; }

 private:
  std::shared_ptr<void> kept_alive_;  // destroyed last
  NetrefOwner* const owner_;
  Requester* requester_;
};

absl::StatusOr<Value> NetrefOwner::Request(Handle handle, Value args,
                                           std::optional<absl::Duration> timeout) {
  const Use use(this);
  if (use.requester() == nullptr) return ConnectionEnded();
  return use.requester()->Request(handle, std::move(args), timeout);
}

std::shared_ptr<PendingRequest> NetrefOwner::Start(Handle handle, Value args) {
  const Use use(this);
  if (use.requester() == nullptr) return FailedRequest(ConnectionEnded());
  return use.requester()->Start(handle, std::move(args));
}

std::shared_ptr<PendingRequest> NetrefOwner::Post(Handle handle, Value args) {
  const Use use(this);
  if (use.requester() == nullptr) return FailedRequest(ConnectionEnded());
  return use.requester()->Post(handle, std::move(args));
}

bool NetrefOwner::WhenEnded(const void* key, std::function<void()> on_ended) {
  MutexLock lock(&mutex_);
  if (requester_ == nullptr) return false;
  when_ended_.insert_or_assign(key, std::move(on_ended));
  return true;
}

void NetrefOwner::Forget(const void* key) {
  std::function<void()> forgotten;  // destroyed with no lock held
  MutexLock lock(&mutex_);
  const auto found = when_ended_.find(key);
  if (found == when_ended_.end()) return;
  forgotten = std::move(found->second);
  when_ended_.erase(found);
}

bool NetrefOwner::ended() {
  MutexLock lock(&mutex_);
  return requester_ == nullptr;
}

bool NetrefOwner::Await(const PendingRequest& request, absl::Time deadline) {
  if (request.ready()) return true;
  const Use use(this);
  // A connection that has ended has answered all requests.
  return use.requester() == nullptr ? request.ready() : use.requester()->Await(request, deadline);
}

absl::Duration NetrefOwner::sync_request_timeout() {
  const Use use(this);
  return use.requester() == nullptr ? absl::ZeroDuration()
                                    : use.requester()->sync_request_timeout();
}

std::optional<ClassTraits> NetrefOwner::FindTraits(const ClassKey& key) {
  MutexLock lock(&mutex_);
  const auto known = traits_.find(key);
  if (known == traits_.end()) return std::nullopt;
  return known->second;
}

void NetrefOwner::RememberTraits(const ClassKey& key, const ClassTraits& traits) {
  MutexLock lock(&mutex_);
  if (traits_.size() >= kMaxKnownClasses) traits_.clear();
  traits_.insert_or_assign(key, traits);
}

void NetrefOwner::KeepAlive(std::weak_ptr<void> owner) {
  MutexLock lock(&mutex_);
  keep_alive_ = std::move(owner);
}

void NetrefOwner::Detach() {
  decltype(when_ended_) callbacks;
  {
    MutexLock lock(&mutex_);
    requester_ = nullptr;
    while (uses_ > 0) unused_.Wait(&mutex_);
    callbacks = std::exchange(when_ended_, {});
  }
  for (const auto& [key, on_ended] : callbacks) on_ended();
}

NetrefObject::NetrefObject(std::string encoded_id_pack, std::string type_name,
                           std::weak_ptr<NetrefOwner> owner)
    : id_pack_(std::move(encoded_id_pack)),
      type_name_(std::move(type_name)),
      class_id_(NewObjectId()),
      owner_(std::move(owner)) {}

NetrefObject::~NetrefObject() {
  RPYC_ASSERT(references_ > 0);
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return;
  // Without memory the peer keeps its object until the connection ends.
  OrOutOfMemory([&] {
    owner->Push({id_pack_, references_});
    return absl::OkStatus();
  }).IgnoreError();
}

bool NetrefObject::BelongsTo(const std::shared_ptr<NetrefOwner>& owner) const {
  return !owner_.owner_before(owner) && !owner.owner_before(owner_);
}

bool NetrefObject::IsNamedLikeOurs() const {
  const std::optional<IdPack> id_pack = ParseIdPack(id_pack_, Limits());
  return id_pack.has_value() && IsObjectIdOfOurs(id_pack->class_id) &&
         IsObjectIdOfOurs(id_pack->instance_id);
}

bool NetrefObject::is_class() const {
  const std::optional<IdPack> id_pack = ParseIdPack(id_pack_, Limits());
  return id_pack.has_value() && id_pack->instance_id == 0;
}

absl::StatusOr<Value> NetrefObject::RequestWithout(const CallContext& context, Handle handle,
                                                   Value args) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return ConnectionEnded();
  return owner->Request(handle, std::move(args), context.timeout());
}

absl::StatusOr<Value> NetrefObject::Request(const CallContext& context, Handle handle,
                                            std::vector<Value> args) {
  args.insert(args.begin(), Value(shared_from_this()));
  return RequestWithout(context, handle, Value::Tuple(std::move(args)));
}

// Source:  RPyC core/protocol.py, _handle_inspect, where the object is a netref.
absl::StatusOr<Object::Methods> NetrefObject::SpecialMethods(const CallContext& context) {
  absl::StatusOr<Value> id_pack = brine::Decode(id_pack_, Limits());
  if (!id_pack.ok()) return std::move(id_pack).status();
  absl::StatusOr<Value> answer =
      RequestWithout(context, Handle::kInspect, Value::Tuple({*std::move(id_pack)}));
  if (!answer.ok()) return std::move(answer).status();
  if (!answer->IsTuple()) return UnexpectedAnswer("a tuple of methods", *answer);
  Methods methods;
  for (const Value& method : answer->items()) {
    const absl::Span<const Value> pair = method.items();
    if (!method.IsTuple() || pair.size() != 2 || pair[0].AsStr() == nullptr ||
        (pair[1].AsStr() == nullptr && !pair[1].is_none())) {
      return UnexpectedAnswer("a method's name and docstring", method);
    }
    methods.emplace_back(*pair[0].AsStr(),
                         pair[1].is_none() ? std::nullopt : std::make_optional(*pair[1].AsStr()));
  }
  return methods;
}

absl::StatusOr<ClassTraits> NetrefObject::Traits(const CallContext& context) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return ConnectionEnded();
  const std::optional<IdPack> id_pack = ParseIdPack(id_pack_, Limits());
  const NetrefOwner::ClassKey key(type_name_, id_pack ? id_pack->class_id : 0);
  if (id_pack) {
    if (std::optional<ClassTraits> known = owner->FindTraits(key)) return *known;
  }
  absl::StatusOr<Methods> methods = SpecialMethods(context);
  if (!methods.ok()) return std::move(methods).status();
  const ClassTraits traits = TraitsOf(*methods);
  if (id_pack) owner->RememberTraits(key, traits);
  return traits;
}

// Where RPyC stands between two peers it sends an INSPECT here and answers with the method list, by
// mistake.
// Source:  RPyC core/netref.py, BaseNetref.__instancecheck__, 5.3.1 and 6.0.2.
absl::StatusOr<bool> NetrefObject::HasInstance(const CallContext& context, const Object& other) {
  const auto* netref = dynamic_cast<const NetrefObject*>(&other);
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (netref == nullptr || !netref->BelongsTo(owner)) {
    // Python takes a list of any peer for a list.
    return other.type_name() == type_name_ && absl::StartsWith(type_name_, "builtins.") &&
           !other.is_class();
  }
  // The two are compared here first: a Python owner answers True for builtins only.
  const std::optional<IdPack> own = ParseIdPack(id_pack_, Limits());
  const std::optional<IdPack> others = ParseIdPack(netref->id_pack(), Limits());
  if (own && others && own->class_id == others->class_id) return others->instance_id != 0;
  absl::StatusOr<Value> id_pack = brine::Decode(netref->id_pack(), Limits());
  if (!id_pack.ok()) return std::move(id_pack).status();
  absl::StatusOr<Value> answer = Request(context, Handle::kInstanceCheck, {*std::move(id_pack)});
  if (!answer.ok()) return std::move(answer).status();
  if (answer->AsBool() == nullptr) return UnexpectedAnswer("bool", *answer);
  return *answer->AsBool();
}

absl::StatusOr<std::string> NetrefObject::RequestText(const CallContext& context, Handle handle) {
  absl::StatusOr<Value> text = Request(context, handle);
  if (!text.ok()) return text.status();
  if (text->AsStr() == nullptr) return UnexpectedAnswer("str", *text);
  return std::move(*text->MutableStr());
}

absl::StatusOr<Value> NetrefObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  return Request(context, Handle::kGetAttr, {NameAtOwner(attribute)});
}

absl::Status NetrefObject::SetAttr(const CallContext& context, AttributeRef attribute,
                                   Value value) {
  return Request(context, Handle::kSetAttr, {NameAtOwner(attribute), std::move(value)}).status();
}

absl::Status NetrefObject::DelAttr(const CallContext& context, AttributeRef attribute) {
  return Request(context, Handle::kDelAttr, {NameAtOwner(attribute)}).status();
}

std::shared_ptr<PendingRequest> NetrefObject::Start(Handle handle, std::vector<Value> args) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return FailedRequest(ConnectionEnded());
  args.insert(args.begin(), Value(shared_from_this()));
  return owner->Start(handle, Value::Tuple(std::move(args)));
}

std::shared_ptr<PendingRequest> NetrefObject::StartCall(CallArgs args) {
  return Start(Handle::kCall,
               {Value::Tuple(std::move(args.positional)), Keywords(std::move(args.keyword))});
}

std::shared_ptr<PendingRequest> NetrefObject::PostCall(CallArgs args) {
  const std::shared_ptr<NetrefOwner> owner = owner_.lock();
  if (owner == nullptr) return FailedRequest(ConnectionEnded());
  return owner->Post(Handle::kCall, Value::Tuple({Value(shared_from_this()),
                                                  Value::Tuple(std::move(args.positional)),
                                                  Keywords(std::move(args.keyword))}));
}

std::shared_ptr<PendingRequest> NetrefObject::StartCallAttr(absl::string_view name, CallArgs args) {
  return Start(Handle::kCallAttr, {Value(name), Value::Tuple(std::move(args.positional)),
                                   Keywords(std::move(args.keyword))});
}

absl::StatusOr<Value> NetrefObject::Call(const CallContext& context, CallArgs args) {
  return Request(context, Handle::kCall,
                 {Value::Tuple(std::move(args.positional)), Keywords(std::move(args.keyword))});
}

absl::StatusOr<Value> NetrefObject::CallAttr(const CallContext& context, AttributeRef attribute,
                                             CallArgs args) {
  return Request(context, Handle::kCallAttr,
                 {NameAtOwner(attribute), Value::Tuple(std::move(args.positional)),
                  Keywords(std::move(args.keyword))});
}

absl::StatusOr<std::string> NetrefObject::Str(const CallContext& context) {
  return RequestText(context, Handle::kStr);
}

absl::StatusOr<std::string> NetrefObject::Repr(const CallContext& context) {
  return RequestText(context, Handle::kRepr);
}

absl::StatusOr<Value> NetrefObject::Hash(const CallContext& context) {
  absl::StatusOr<Value> hash = Request(context, Handle::kHash);
  if (hash.ok() && hash->AsInt() == nullptr && hash->AsBigInt() == nullptr) {
    return UnexpectedAnswer("int", *hash);
  }
  return hash;
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
  if (!items->IsTuple()) return UnexpectedAnswer("tuple", *items);
  return std::move(*items).TakeItems();
}

absl::StatusOr<std::vector<std::string>> NetrefObject::Dir(const CallContext& context) {
  absl::StatusOr<Value> answer = Request(context, Handle::kDir);
  if (!answer.ok()) return std::move(answer).status();
  if (!answer->IsTuple()) return UnexpectedAnswer("tuple", *answer);
  std::vector<std::string> names;
  for (Value& name : std::move(*answer).TakeItems()) {
    if (name.AsStr() == nullptr) return UnexpectedAnswer("str", name);
    names.push_back(std::move(*name.MutableStr()));
  }
  return names;
}

absl::StatusOr<bool> NetrefObject::IsCallable(const CallContext& context) {
  constexpr absl::string_view kFunctions[] = {"builtins.function", "builtins.method",
                                              "builtins.builtin_function_or_method"};
  if (std::find(std::begin(kFunctions), std::end(kFunctions), type_name_) != std::end(kFunctions)) {
    return true;
  }
  if (is_class()) return true;
  const absl::StatusOr<Methods> methods = SpecialMethods(context);
  if (!methods.ok()) return methods.status();
  return std::any_of(methods->begin(), methods->end(),
                     [](const auto& method) { return method.first == "__call__"; });
}

absl::StatusOr<Value> NetrefObject::Exit(const CallContext& context, Value exception) {
  return Request(context, Handle::kCtxExit, {std::move(exception)});
}

}  // namespace rpyc
