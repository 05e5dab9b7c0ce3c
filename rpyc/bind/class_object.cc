#include "rpyc/bind/class_object.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "rpyc/bind/instance.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::StatusOr<bool> ClassObject::HasInstance(const CallContext&, const Object& other) {
  const auto* instance = dynamic_cast<const Instance*>(&other);
  return instance != nullptr && instance->class_info().IsA(*class_);
}

const Member* ClassObject::Find(absl::string_view name) const {
  const Member* member = class_->Find(name);
  return member == nullptr || member->needs_object || member->is_special() ? nullptr : member;
}

AttributePresence ClassObject::Has(absl::string_view name) const {
  if (const Member* member = Find(name)) {
    const bool exposed = member->visibility == Visibility::kExposed;
    return {.exposed = exposed, .plain = !exposed};
  }
  if (name == "__name__" || name == "__qualname__" || name == "__signature__") {
    return {.exposed = true, .plain = true};
  }
  return Object::Has(name);
}

absl::StatusOr<Value> ClassObject::GetAttr(const CallContext& context, AttributeRef attribute) {
  if (Find(attribute.name) != nullptr) {
    // A function of the class: as an instance without an object shows it.
    return std::make_shared<Instance>(class_, nullptr)->GetAttr(context, attribute);
  }
  if (attribute.name == "__doc__") {
    return class_->doc().empty() ? Value() : Value(class_->doc());
  }
  if (attribute.name == "__name__" || attribute.name == "__qualname__") {
    const std::string& name = class_->name();
    return Value(name.substr(name.rfind('.') + 1));
  }
  if (attribute.name == "__signature__" && class_->init() != nullptr) {
    return SignatureOf(class_->init()->signature);
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
  if (class_->init() != nullptr) names.push_back("__signature__");
  for (const auto& member : class_->members()) {
    if (Find(member->name) != nullptr) names.push_back(member->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Object::Methods> ClassObject::SpecialMethods(const CallContext&) {
  const Member* init = class_->init();
  return Methods{{"__call__", init == nullptr || init->doc.empty()
                                  ? std::nullopt
                                  : std::make_optional(init->doc)}};
}

}  // namespace rpyc
