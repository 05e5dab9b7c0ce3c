#include "rpyc/netref.h"

#include <exception>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "rpyc/collection.h"
#include "rpyc/errors.h"
#include "rpyc/netref_object.h"
#include "rpyc/pending_request.h"
#include "rpyc/python_ops.h"

namespace rpyc {
namespace {

// Says how `object` carries `name`. A proxy sends the name as it is.
AttributeRef AttributeOf(const Object& object, absl::string_view name) {
  return {.name = name, .exposed = object.Has(name).exposed};
}

absl::Status NoAttribute(const Value& value, absl::string_view name) {
  return PyStatus("AttributeError", absl::StrCat("'", ShortTypeName(value),
                                                 "' object has no attribute '", name, "'"));
}

template <typename T>
T OrThrow(const CallContext& context, absl::StatusOr<T> result) {
  if (!result.ok()) ThrowStatus(context, result.status());
  return *std::move(result);
}

}  // namespace

Netref Netref::operator[](absl::string_view name) const {
  Netref attribute(value(), context_);
  attribute.attribute_ = std::string(name);
  return attribute;
}

absl::StatusOr<Value> Netref::value() const {
  if (!attribute_ || !value_.ok()) return value_;
  const std::shared_ptr<Object>* object = value_->AsObject();
  if (object == nullptr) return NoAttribute(*value_, *attribute_);
  return (*object)->GetAttr(context_, AttributeOf(**object, *attribute_));
}

void Netref::SetValue(absl::StatusOr<Value> value) const {
  if (!attribute_) ThrowStatus(PyStatus("TypeError", "only an attribute can be set"));
  const Value owner = OrThrow(context_, value_);
  const std::shared_ptr<Object>* object = owner.AsObject();
  if (object == nullptr) ThrowStatus(NoAttribute(owner, *attribute_));
  absl::Status set = (*object)->SetAttr(context_, AttributeOf(**object, *attribute_),
                                        OrThrow(context_, std::move(value)));
  if (!set.ok()) ThrowStatus(context_, set);
}

void Netref::Del() const {
  if (!attribute_) {
    ThrowStatus(PyStatus("TypeError", "only an attribute can be deleted"));
  }
  const Value owner = OrThrow(context_, value_);
  const std::shared_ptr<Object>* object = owner.AsObject();
  if (object == nullptr) ThrowStatus(NoAttribute(owner, *attribute_));
  absl::Status deleted = (*object)->DelAttr(context_, AttributeOf(**object, *attribute_));
  if (!deleted.ok()) ThrowStatus(context_, deleted);
}

Netref Netref::Call(CallArgs args) const {
  if (!value_.ok()) return *this;
  const std::shared_ptr<Object>* object = value_->AsObject();
  if (attribute_) {
    const std::string origin = absl::StrCat(*attribute_, "()");
    if (object == nullptr) return Result(NoAttribute(*value_, *attribute_), origin);
    return Result(
        (*object)->CallAttr(context_, AttributeOf(**object, *attribute_), std::move(args)), origin);
  }
  if (object == nullptr) {
    return Result(PyStatus("TypeError",
                           absl::StrCat("'", ShortTypeName(*value_), "' object is not callable")),
                  "");
  }
  return Result((*object)->Call(context_, std::move(args)), "");
}

StartedCall Netref::Answered(absl::StatusOr<Value> answer) {
  auto request = std::make_shared<PendingRequest>();
  request->Answer(std::move(answer));
  return {std::move(request), nullptr};
}

StartedCall Netref::StartCall(CallArgs args) const {
  const std::shared_ptr<Object>* object = value_.ok() ? value_->AsObject() : nullptr;
  auto* peers = object == nullptr ? nullptr : dynamic_cast<NetrefObject*>(object->get());
  const std::shared_ptr<NetrefOwner> owner = peers == nullptr ? nullptr : peers->owner();
  if (owner == nullptr) return Answered(Call(std::move(args)).value());
  return {attribute_ ? peers->StartCallAttr(*attribute_, std::move(args))
                     : peers->StartCall(std::move(args)),
          owner};
}

void Netref::Add(Arg arg, CallArgs* args) {
  args->keyword.emplace_back(std::move(arg.name),
                             arg.default_value ? *std::move(arg.default_value) : Value());
}

void Netref::Add(Args rest, CallArgs* args) {
  args->positional.insert(args->positional.end(), std::make_move_iterator(rest.values.begin()),
                          std::make_move_iterator(rest.values.end()));
}

void Netref::Add(Kwargs rest, CallArgs* args) {
  args->keyword.insert(args->keyword.end(), std::make_move_iterator(rest.values.begin()),
                       std::make_move_iterator(rest.values.end()));
}

Netref Netref::Result(absl::StatusOr<Value> value, absl::string_view origin) const {
  Netref result(std::move(value), context_.WithDefaultTimeout());
  result.origin_ = std::string(origin);
  return result;
}

absl::Status Netref::ConversionError(const absl::Status& error) const {
  // What a peer raised, when it was asked for its items for example, keeps its own words.
  if (ToException(error).remote_traceback.has_value()) return error;
  if (attribute_) return ErrorAt(absl::StrCat("attribute '", *attribute_, "'"), error);
  return origin_.empty() ? error : ErrorAt(absl::StrCat("the result of ", origin_), error);
}

Netref Netref::Timeout(absl::Duration timeout) const {
  Netref timed = *this;
  timed.context_ = context_.WithTimeout(timeout);
  return timed;
}

Netref Netref::ItemOf(absl::StatusOr<Value> key) const {
  absl::StatusOr<Value> object = value();
  if (!object.ok()) return Result(std::move(object), "");
  if (!key.ok()) return Result(std::move(key), "");
  return Result(PyGetItem(context_, *object, *key), absl::StrCat("[", key->DebugString(40), "]"));
}

void Netref::CallSpecial(absl::string_view name,
                         std::initializer_list<absl::StatusOr<Value>> args) const {
  const Value target = OrThrow(context_, value());
  const std::shared_ptr<Object>* object = target.AsObject();
  if (object == nullptr) ThrowStatus(NoAttribute(target, name));
  CallArgs call;
  for (const absl::StatusOr<Value>& arg : args) call.positional.push_back(OrThrow(context_, arg));
  OrThrow(context_,
          (*object)->CallAttr(context_, {.name = name, .exposed = false}, std::move(call)));
}

bool Netref::ContainsValue(absl::StatusOr<Value> item) const {
  return OrThrow(context_, PyContains(context_, OrThrow(context_, value()),
                                      OrThrow(context_, std::move(item))));
}

size_t Netref::Len() const {
  return OrThrow(context_, PyLen(context_, OrThrow(context_, value())));
}

ItemRange Netref::Items() const {
  return ItemRange(OrThrow(context_, ItemReader::Of(context_, OrThrow(context_, value()))),
                   context_);
}

std::string Netref::Str() const {
  const Value target = OrThrow(context_, value());
  if (target.AsStr() != nullptr) return *target.AsStr();
  if (target.AsObject() != nullptr) return OrThrow(context_, (*target.AsObject())->Str(context_));
  return OrThrow(context_, PyRepr(context_, target));
}

std::string Netref::Repr() const {
  return OrThrow(context_, PyRepr(context_, OrThrow(context_, value())));
}

std::vector<std::string> Netref::Dir() const {
  const Value target = OrThrow(context_, value());
  if (target.AsObject() == nullptr) return {};
  return OrThrow(context_, (*target.AsObject())->Dir(context_));
}

int64_t Netref::Hash() const {
  const Value target = OrThrow(context_, value());
  if (target.AsObject() == nullptr) {
    return static_cast<int64_t>(absl::HashOf(OrThrow(context_, HashableKey(target))));
  }
  Value hash = OrThrow(context_, (*target.AsObject())->Hash(context_));
  return OrThrow(context_, Cast<int64_t>::From(context_, hash));
}

bool Netref::CompareWith(absl::string_view op, absl::StatusOr<Value> other) const {
  return OrThrow(context_, PyCompare(context_, op, OrThrow(context_, value()),
                                     OrThrow(context_, std::move(other))));
}

bool Netref::Is(const Netref& other) const {
  const Value a = OrThrow(context_, value());
  const Value b = OrThrow(context_, other.value());
  if (a.AsObject() == nullptr || b.AsObject() == nullptr) return a == b;
  return (*a.AsObject())->IsSameAs(**b.AsObject());
}

bool Netref::IsCallable() const {
  const Value target = OrThrow(context_, value());
  return target.AsObject() != nullptr &&
         OrThrow(context_, (*target.AsObject())->IsCallable(context_));
}

bool Netref::IsInstance(const Netref& cls) const {
  const Value target = OrThrow(context_, value());
  const Value type = OrThrow(context_, cls.value());
  if (type.AsObject() == nullptr || !(*type.AsObject())->is_class()) {
    ThrowStatus(PyStatus("TypeError", absl::StrCat("isinstance() arg 2 must be a class, not ",
                                                   ShortTypeName(type))));
  }
  Object& class_object = **type.AsObject();
  if (target.AsObject() == nullptr) {
    const absl::string_view name = class_object.type_name();
    return name == absl::StrCat("builtins.", target.type_name()) || name == "builtins.object" ||
           (name == "builtins.int" && target.AsBool() != nullptr);
  }
  return OrThrow(context_, class_object.HasInstance(context_, **target.AsObject()));
}

ItemRange::Iterator ItemRange::begin() {
  Fetch();
  return Iterator(this);
}

Netref ItemRange::Current() const { return Netref(batch_[at_], context_.WithDefaultTimeout()); }

void ItemRange::Advance() {
  if (++at_ == batch_.size()) Fetch();
}

void ItemRange::Fetch() {
  batch_ = OrThrow(context_, reader_.Next(context_));
  at_ = 0;
}

void With(const Netref& object, absl::FunctionRef<void(Netref entered)> body) {
  const Value target = OrThrow(object.context(), object.value());
  if (target.AsObject() == nullptr) ThrowStatus(NoAttribute(target, "__enter__"));
  const std::shared_ptr<Object> manager = *target.AsObject();
  const CallContext& context = object.context();
  Value entered =
      OrThrow(context, manager->CallAttr(context, {.name = "__enter__", .exposed = false}, {}));
  std::exception_ptr thrown;
  const absl::Status left = Guarded(
      [&] {
        try {
          body(Netref(std::move(entered), context));
        } catch (...) {
          thrown = std::current_exception();
          throw;
        }
      },
      context.translations());
  const Value handled = OrThrow(
      context, manager->Exit(context, left.ok() ? Value() : Value(ToException(left).Summary())));
  const bool swallowed = handled.AsBool() != nullptr && *handled.AsBool();
  if (thrown != nullptr && !swallowed) std::rethrow_exception(thrown);
}

}  // namespace rpyc
