#include "rpyc/cast/object.h"

#include <cxxabi.h>

#include <cstdlib>

namespace rpyc {

namespace cast_internal {
namespace {

const Instance* AsInstance(const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  return object == nullptr ? nullptr : dynamic_cast<const Instance*>(object->get());
}

}  // namespace

std::shared_ptr<void> SelfAs(const ClassInfo& wanted, const Value& value) {
  const Instance* instance = AsInstance(value);
  if (instance == nullptr) return nullptr;
  std::shared_ptr<void> self = instance->self();
  if (!instance->class_info().CastTo(wanted, &self)) return nullptr;
  return self;
}

std::shared_ptr<void> SelfAsConst(const ClassInfo& wanted, const Value& value) {
  const Instance* instance = AsInstance(value);
  if (instance == nullptr) return nullptr;
  std::shared_ptr<void> self = instance->self();
  if (!instance->class_info().CastToConst(wanted, &self)) return nullptr;
  return self;
}

bool IsExactlyOf(const ClassInfo& wanted, const Value& value) {
  const Instance* instance = AsInstance(value);
  return instance != nullptr && instance->class_info().IsExactly(wanted);
}

bool IsReadOnly(const Object* object) {
  const auto* instance = dynamic_cast<const Instance*>(object);
  return instance != nullptr && instance->class_info().is_read_only();
}

absl::Status WrongInstance(const ClassInfo& wanted, absl::string_view expected,
                           const Value& value) {
  if (SelfAsConst(wanted, value) == nullptr) return WrongObject(expected, value);
  return WrongType(expected, value, "the object is read-only, and this may change it");
}

Value ToInstance(const std::shared_ptr<const ClassInfo>& info, std::shared_ptr<void> self,
                 bool is_const) {
  return Value(
      std::make_shared<Instance>(is_const ? ClassInfo::ReadOnly(info) : info, std::move(self)));
}

Value ToDerivedInstance(const std::shared_ptr<const ClassInfo>& info, const std::type_info& type,
                        void* whole, std::shared_ptr<void> self, bool is_const) {
  const DerivedClasses::Found* found = info->derived_classes().Find(type, self.get());
  if (found == nullptr) return ToInstance(info, std::move(self), is_const);
  void* const derived = found->is_exact ? whole : found->Cast(self.get());
  return ToInstance(*found->info, std::shared_ptr<void>(std::move(self), derived), is_const);
}

}  // namespace cast_internal

std::string ShortTypeName(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
  // The components end where the arguments of a template begin.
  const size_t arguments = name.find('<');
  const size_t last = name.rfind("::", arguments);
  return last == std::string::npos ? name : name.substr(last + 2);
}

}  // namespace rpyc
