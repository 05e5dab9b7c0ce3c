#include "rpyc/bind/class_object.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "rpyc/bind/function_object.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/bind/overloads.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

bool IsOfClassItself(absl::string_view name) {
  return name == "__name__" || name == "__qualname__" || IsFunctionAttribute(name);
}

// Returns the same function with the object as its first parameter.
Signature WithSelf(Signature signature) {
  std::vector<Parameter>& rest = signature.parameters;
  // Either all ordinary parameters are without names or none is.
  const bool nameless = !rest.empty() && rest[0].name.empty();
  Parameter self;
  if (!nameless) self.name = "self";
  rest.insert(rest.begin(), std::move(self));
  return signature;
}

// Shows a method as its class does: it is called with the object first, as in Python's
// Account.deposit(a, 5).
class UnboundMethod : public FunctionObject {
 public:
  // `member` is a member of the class.
  UnboundMethod(std::shared_ptr<const ClassInfo> class_info, const Member* member)
      : FunctionObject(std::shared_ptr<const Member>(class_info, member)),
        class_(std::move(class_info)) {}

  const void* identity() const override { return &member(); }

  // These are the texts of CPython.
  // Source:  CPython Objects/descrobject.c, method_check_args and descr_check.
  absl::StatusOr<Value> Call(const CallContext& context, CallArgs args) override {
    if (args.positional.empty()) {
      return PyStatus("TypeError",
                      absl::StrCat("unbound method ", QualifiedName(), "() needs an argument"));
    }
    const Value first = std::move(args.positional.front());
    args.positional.erase(args.positional.begin());
    const std::shared_ptr<Object>* object = first.AsObject();
    auto* instance = object == nullptr ? nullptr : dynamic_cast<Instance*>(object->get());
    std::shared_ptr<void> self = instance == nullptr ? nullptr : instance->self();
    if (instance == nullptr || (self == nullptr && member().needs_object) ||
        !(member().may_change_object ? instance->class_info().CastTo(*class_, &self)
                                     : instance->class_info().CastToConst(*class_, &self))) {
      return PyStatus("TypeError", absl::StrCat("descriptor '", member().name, "' for '",
                                                class_->name(), "' objects doesn't apply to a '",
                                                first.type_name(), "' object"));
    }
    return BindAndInvoke(member(), {context, self, instance}, std::move(args));
  }
  absl::StatusOr<std::string> Repr(const CallContext&) override {
    return absl::StrCat("<function ", QualifiedName(), ">");
  }

 protected:
  std::string QualifiedName() const override {
    return absl::StrCat(class_->name(), ".", member().name);
  }
  Signature ShownSignature() const override {
    if (member().overloads.empty()) return WithSelf(member().signature);
    std::vector<Signature> signatures;
    for (const auto& function : member().overloads) {
      signatures.push_back(WithSelf(function->signature));
    }
    return SignatureOfAll(member().name, signatures);
  }

 private:
  const std::shared_ptr<const ClassInfo> class_;
};

// Shows a property as its class does: it has only a docstring, and peers cannot reach its
// functions.
class PropertyObject : public Object {
 public:
  // `member` is a member of the class.
  PropertyObject(std::shared_ptr<const ClassInfo> class_info, const Member* member)
      : class_(std::move(class_info)), member_(*member) {}

  absl::string_view type_name() const override { return "builtins.property"; }
  int64_t class_id() const override { return kPropertyClassId; }
  const void* identity() const override { return &member_; }
  absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute) override {
    if (attribute.name == "__doc__" && !member_.doc.empty()) return Value(member_.doc);
    return Object::GetAttr(context, attribute);
  }
  absl::StatusOr<std::string> Repr(const CallContext&) override {
    return absl::StrCat("<property object ", class_->name(), ".", member_.name, ">");
  }

 private:
  const std::shared_ptr<const ClassInfo> class_;
  const Member& member_;  // belongs to class_
};

}  // namespace

absl::StatusOr<bool> ClassObject::HasInstance(const CallContext&, const Object& other) {
  const auto* instance = dynamic_cast<const Instance*>(&other);
  return instance != nullptr && instance->class_info().IsA(*class_);
}

const Member* ClassObject::Find(absl::string_view name) const {
  return IsOfClassItself(name) || name == "__doc__" ? nullptr : class_->Find(name);
}

AttributePresence ClassObject::Has(absl::string_view name) const {
  if (const Member* member = Find(name)) return member->Presence();
  if (IsOfClassItself(name)) return {.plain = true, .special = true};
  return Object::Has(name);
}

absl::StatusOr<Value> ClassObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  const Member* member = Find(attribute.name);
  if (member != nullptr && attribute.exposed == member->Presence().exposed) {
    if (member->needs_object || member->is_special()) {
      if (member->kind == MemberKind::kMethod) {
        return Value(std::make_shared<UnboundMethod>(class_, member));
      }
      return Value(std::make_shared<PropertyObject>(class_, member));
    }
    // An instance without an object shows a function of the class.
    return std::make_shared<Instance>(class_, nullptr)->GetAttr(context, attribute);
  }
  if (attribute.name == "__doc__") {
    return class_->doc().empty() ? Value() : Value(class_->doc());
  }
  if (attribute.name == "__name__" || attribute.name == "__qualname__") {
    const std::string& name = class_->name();
    return Value(name.substr(name.rfind('.') + 1));
  }
  if (class_->init() != nullptr) {
    std::optional<Value> found = FunctionAttribute(attribute.name, class_->init()->signature);
    if (found.has_value()) return *std::move(found);
  }
  return PyStatus("AttributeError", absl::StrCat("type object '", class_->name(),
                                                 "' has no attribute '", attribute.name, "'"));
}

absl::StatusOr<Value> ClassObject::Call(const CallContext& context, CallArgs args) {
  const Member* init = class_->init();
  if (init == nullptr) {
    return PyStatus("TypeError", absl::StrCat("cannot create '", class_->name(), "' instances"));
  }
  return BindAndInvoke(*init, {context, nullptr, this}, std::move(args));
}

absl::StatusOr<std::string> ClassObject::Repr(const CallContext&) {
  return absl::StrCat("<class '", class_->name(), "'>");
}

absl::StatusOr<bool> ClassObject::IsCallable(const CallContext&) { return true; }

absl::StatusOr<std::vector<std::string>> ClassObject::Dir(const CallContext&) {
  std::vector<std::string> names = {"__call__", "__doc__", "__name__", "__qualname__"};
  if (class_->init() != nullptr) {
    names.insert(names.end(), {"__annotations__", "__code__", "__defaults__", "__kwdefaults__"});
  }
  for (const auto& member : class_->members()) names.push_back(member->name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// RPyC 4.1.0 to 4.1.2 make one proxy class for a class and its instances, from the first INSPECT of
// either. A class lists what its type has, __call__ among it, and what it has itself.
// Source:  RPyC lib/__init__.py, get_methods, 4.1.0 to 6.0.2.
absl::StatusOr<Object::Methods> ClassObject::SpecialMethods(const CallContext&) {
  Methods methods = SpecialMethodsOf(*class_);
  std::erase_if(methods, [](const auto& method) { return method.first == "__call__"; });
  const Member* init = class_->init();
  methods.emplace_back("__call__", init == nullptr || init->doc.empty()
                                       ? std::nullopt
                                       : std::make_optional(init->doc));
  return methods;
}

}  // namespace rpyc
