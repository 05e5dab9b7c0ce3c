#ifndef RPYC_CAST_OBJECT_H_
#define RPYC_CAST_OBJECT_H_

#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

template <typename T>
class ClassDef;

// T says what Python sees of it.
template <typename T>
concept Exposed = requires(ClassDef<T>& definition) {
  RpycExpose(definition);
};

// The one ClassInfo of an exposed T, made on first use. Defined in rpyc/bind/class_def.h.
template <typename T>
const std::shared_ptr<const ClassInfo>& ClassOf();

// The last component of a C++ type's name: "Account" of bank::Account.
std::string ShortTypeName(const std::type_info& type);

// An exposed object travels by reference: Python holds a proxy, the object is shared.
template <typename T>
struct Cast<std::shared_ptr<T>, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<std::shared_ptr<T>> From(Value& value) {
    const std::shared_ptr<Object>* object = value.AsObject();
    const auto* instance =
        object == nullptr ? nullptr : dynamic_cast<const Instance*>(object->get());
    // By class id: a service's root shows T under a class of its own, and is no argument.
    if (instance == nullptr || &instance->class_info() != ClassOf<T>().get()) {
      return WrongType(Name(), value);
    }
    return std::static_pointer_cast<T>(instance->self());
  }
  // A null pointer is None.
  static Value To(std::shared_ptr<T> object) {
    if (object == nullptr) return Value();
    return Value(std::make_shared<Instance>(ClassOf<T>(), std::move(object)));
  }
  static std::string Name() { return ShortTypeName(typeid(T)); }
};

}  // namespace rpyc

#endif  // RPYC_CAST_OBJECT_H_
