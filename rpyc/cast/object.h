#ifndef RPYC_CAST_OBJECT_H_
#define RPYC_CAST_OBJECT_H_

#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/cast/ask.h"
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

// The C++ object behind `value` as one of class `wanted`; null if it is none of it.
std::shared_ptr<void> SelfAs(const ClassInfo& wanted, const Value& value);

// An exposed object travels by reference: Python holds a proxy, the object is shared.
template <typename T>
struct Cast<std::shared_ptr<T>, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<std::shared_ptr<T>> From(Value& value) {
    std::shared_ptr<void> self = SelfAs(*ClassOf<T>(), value);
    if (self == nullptr) return cast_internal::WrongObject(Name(), value);
    return std::static_pointer_cast<T>(std::move(self));
  }
  // A null pointer is None.
  static Value To(std::shared_ptr<T> object) {
    if (object == nullptr) return Value();
    return Value(std::make_shared<Instance>(ClassOf<T>(), std::move(object)));
  }
  static std::string Name() { return ShortTypeName(typeid(T)); }
};

// In only: what Python holds, it may change.
template <typename T>
struct Cast<std::shared_ptr<const T>, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<std::shared_ptr<const T>> From(Value& value) {
    return Cast<std::shared_ptr<T>>::From(value);
  }
  static std::string Name() { return Cast<std::shared_ptr<T>>::Name(); }
};

// A result by value: the object moves to where Python holds it.
template <typename T>
struct Cast<T, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<T> From(Value& value) requires std::is_copy_constructible_v<T> {
    absl::StatusOr<std::shared_ptr<T>> object = Cast<std::shared_ptr<T>>::From(value);
    if (!object.ok()) return std::move(object).status();
    return **object;
  }
  static Value To(T object) {
    return Cast<std::shared_ptr<T>>::To(std::make_shared<T>(std::move(object)));
  }
  static std::string Name() { return Cast<std::shared_ptr<T>>::Name(); }
};

}  // namespace rpyc

#endif  // RPYC_CAST_OBJECT_H_
