#include "rpyc/bind/instance.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {

Object::Methods SpecialMethodsOf(const ClassInfo& info) {
  Object::Methods methods;
  for (const auto& member : info.members()) {
    if (!member->is_special()) continue;
    methods.emplace_back(member->name,
                         member->doc.empty() ? std::nullopt : std::make_optional(member->doc));
  }
  return methods;
}

Object::Methods ExposedMethodsOf(const ClassInfo& info) {
  Object::Methods methods;
  for (const auto& member : info.members()) {
    if (!member->Presence().exposed || member->kind != MemberKind::kMethod) continue;
    methods.emplace_back(member->name,
                         absl::StrCat(member->name, member->signature.ToString(),
                                      member->doc.empty() ? "" : "\n\n", member->doc));
  }
  return methods;
}

bool Instance::IsSameAs(const Object& other) const {
  if (identity() != other.identity()) return false;
  const auto* instance = dynamic_cast<const Instance*>(&other);
  return instance != nullptr &&
         (class_->IsA(instance->class_info()) || instance->class_info().IsA(*class_));
}

AttributePresence Instance::Has(absl::string_view name) const {
  const Member* member = class_->Find(name);
  if (member == nullptr) return Object::Has(name);
  return member->Presence();
}

const Member* Instance::Find(AttributeRef attribute) const {
  const Member* member = class_->Find(attribute.name);
  if (member == nullptr) return nullptr;
  const bool exposed = member->visibility == Visibility::kExposed;
  return exposed == attribute.exposed || (exposed && member->is_special()) ? member : nullptr;
}

absl::StatusOr<Value> Instance::GetAttr(const CallContext& context, AttributeRef attribute) {
  const Member* member = Find(attribute);
  if (member == nullptr) {
    if (attribute.name == "__doc__" && !class_->doc().empty()) return Value(class_->doc());
    return Object::GetAttr(context, {.name = attribute.name, .exposed = false});
  }
  if (member->kind == MemberKind::kProperty) {
    return Invoke(*member, member->body, {context, self_, this}, {});
  }
  return Value(std::make_shared<BoundMethod>(std::static_pointer_cast<Instance>(shared_from_this()),
                                             member));
}

const Member* Instance::FindProperty(AttributeRef attribute) const {
  const Member* member = Find(attribute);
  return member == nullptr || member->kind != MemberKind::kProperty ? nullptr : member;
}

absl::Status Instance::SetAttr(const CallContext& context, AttributeRef attribute, Value value) {
  const Member* member = FindProperty(attribute);
  if (member == nullptr || !member->setter) {
    return Object::SetAttr(context, attribute, std::move(value));
  }
  return Invoke(*member, member->setter, {context, self_, this}, absl::MakeSpan(&value, 1))
      .status();
}

absl::Status Instance::DelAttr(const CallContext& context, AttributeRef attribute) {
  const Member* member = FindProperty(attribute);
  if (member == nullptr) return Object::DelAttr(context, attribute);
  if (!member->deleter) {
    return PyStatus("AttributeError", absl::StrCat("can't delete attribute '", member->name, "'"));
  }
  return Invoke(*member, member->deleter, {context, self_, this}, {}).status();
}

absl::StatusOr<Value> Instance::CallMember(const CallContext& context, const Member& member,
                                           CallArgs args) {
  return BindAndInvoke(member, {context, self_, this}, std::move(args));
}

absl::StatusOr<Value> Instance::Call(const CallContext& context, CallArgs args) {
  const Member* member = class_->Find("__call__");
  if (member == nullptr) return Object::Call(context, std::move(args));
  return CallMember(context, *member, std::move(args));
}

absl::StatusOr<Value> Instance::CallAttr(const CallContext& context, AttributeRef attribute,
                                         CallArgs args) {
  const Member* member = Find(attribute);
  if (member == nullptr || member->kind != MemberKind::kMethod) {
    return Object::CallAttr(context, attribute, std::move(args));
  }
  return CallMember(context, *member, std::move(args));
}

absl::StatusOr<std::string> Instance::CallForText(const CallContext& context,
                                                  const Member& member) {
  absl::StatusOr<Value> text = CallMember(context, member, {});
  if (!text.ok()) return text.status();
  if (text->AsStr() == nullptr) {
    return PyStatus("TypeError", absl::StrCat(member.name, " returned non-string (type ",
                                              text->type_name(), ")"));
  }
  return std::move(*text->MutableStr());
}

absl::StatusOr<std::string> Instance::Str(const CallContext& context) {
  if (const Member* member = class_->Find("__str__")) return CallForText(context, *member);
  return Repr(context);
}

absl::StatusOr<std::string> Instance::Repr(const CallContext& context) {
  if (const Member* member = class_->Find("__repr__")) return CallForText(context, *member);
  return Object::Repr(context);
}

absl::StatusOr<Value> Instance::Hash(const CallContext& context) {
  if (!class_->is_hashable()) {
    return PyStatus("TypeError", absl::StrCat("unhashable type: '", type_name(), "'"));
  }
  if (const Member* member = class_->Find("__hash__")) return CallMember(context, *member, {});
  return Object::Hash(context);
}

absl::StatusOr<Value> Instance::Compare(const CallContext& context, absl::string_view op,
                                        const Value& other) {
  const Member* member = class_->Find(op);
  if (member == nullptr && op == "__ne__" && class_->Find("__eq__") != nullptr) {
    // Python's object derives __ne__ from __eq__ in the same way.
    absl::StatusOr<Value> equal = Compare(context, "__eq__", other);
    if (!equal.ok() || equal->AsBool() == nullptr) return equal;
    return Value(!*equal->AsBool());
  }
  if (member == nullptr) return Object::Compare(context, op, other);
  return CallMember(context, *member, CallArgs{.positional = {other}, .keyword = {}});
}

absl::StatusOr<bool> Instance::IsCallable(const CallContext&) {
  return class_->Find("__call__") != nullptr;
}

absl::StatusOr<std::vector<std::string>> Instance::Dir(const CallContext&) {
  std::vector<std::string> names;
  for (const auto& member : class_->members()) names.push_back(member->name);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Object::Methods> Instance::SpecialMethods(const CallContext&) {
  return SpecialMethodsOf(*class_);
}

std::string BoundMethod::QualifiedName() const {
  return absl::StrCat(instance_->type_name(), ".", member().name);
}

absl::StatusOr<Value> BoundMethod::Call(const CallContext& context, CallArgs args) {
  return BindAndInvoke(member(), {context, instance_->self(), instance_.get()}, std::move(args));
}

bool BoundMethod::IsSameMethod(const Value& other) const {
  const std::shared_ptr<Object>* object = other.AsObject();
  const auto* method =
      object == nullptr ? nullptr : dynamic_cast<const BoundMethod*>(object->get());
  return method != nullptr && &method->member() == &member() &&
         method->instance_->IsSameAs(*instance_);
}

absl::StatusOr<Value> BoundMethod::Compare(const CallContext& context, absl::string_view op,
                                           const Value& other) {
  if (!IsSameMethod(other)) return Object::Compare(context, op, other);
  if (op == "__eq__" || op == "__ne__") return Value(op == "__eq__");
  return Value(NotImplemented());
}

absl::StatusOr<Value> BoundMethod::Hash(const CallContext&) {
  const size_t hash = absl::HashOf(static_cast<const void*>(&member()), instance_->identity());
  return Value(static_cast<int64_t>(hash >> 3));
}

absl::StatusOr<std::string> BoundMethod::Repr(const CallContext&) {
  return absl::StrCat("<bound method ", instance_->type_name(), ".", member().name, ">");
}

}  // namespace rpyc
