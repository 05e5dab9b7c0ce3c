#include "rpyc/cast/object.h"

#include <cxxabi.h>

#include <cstdlib>

namespace rpyc {

std::shared_ptr<void> SelfAs(const ClassInfo& wanted, const Value& value) {
  const std::shared_ptr<Object>* object = value.AsObject();
  const auto* instance = object == nullptr ? nullptr : dynamic_cast<const Instance*>(object->get());
  if (instance == nullptr) return nullptr;
  std::shared_ptr<void> self = instance->self();
  if (!instance->class_info().CastTo(wanted, &self)) return nullptr;
  return self;
}

std::string ShortTypeName(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
  // Components end where a template's arguments begin.
  const size_t arguments = name.find('<');
  const size_t last = name.rfind("::", arguments);
  return last == std::string::npos ? name : name.substr(last + 2);
}

}  // namespace rpyc
