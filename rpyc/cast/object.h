#ifndef RPYC_CAST_OBJECT_H_
#define RPYC_CAST_OBJECT_H_

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/instance.h"
#include "rpyc/cast/ask.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/exposed.h"

namespace rpyc {

// Returns the one ClassInfo of an exposed T, which is made on first use. rpyc/bind/class_def.h
// defines it.
template <typename T>
const std::shared_ptr<const ClassInfo>& ClassOf();

// Returns the last component of a C++ type's name: "Account" of bank::Account.
std::string ShortTypeName(const std::type_info& type);

namespace cast_internal {

// Returns the C++ object behind `value` as an object of class `wanted`, or null if it is not one.
// For a read-only object only SelfAsConst returns it.
std::shared_ptr<void> SelfAs(const ClassInfo& wanted, const Value& value);
std::shared_ptr<void> SelfAsConst(const ClassInfo& wanted, const Value& value);
// Returns whether `value` is an object of class `wanted` itself, not of a class derived from it.
bool IsExactlyOf(const ClassInfo& wanted, const Value& value);
// Returns whether `object` is const in C++.
bool IsReadOnly(const Object* object);
// Returns the TypeError for an argument that is not an object of the class `expected`, or that may
// not be changed.
absl::Status WrongInstance(const ClassInfo& wanted, absl::string_view expected, const Value& value);

// Returns an object of the class `info` as Python sees it.
Value ToInstance(const std::shared_ptr<const ClassInfo>& info, std::shared_ptr<void> self,
                 bool is_const);
// Returns the same for an object whose dynamic type is not that of the class: an object of the
// known class nearest to it. `whole` points to the complete object.
Value ToDerivedInstance(const std::shared_ptr<const ClassInfo>& info, const std::type_info& type,
                        void* whole, std::shared_ptr<void> self, bool is_const);

template <typename T>
Value ToInstanceOf(std::shared_ptr<T> object, bool is_const) {
  if (object == nullptr) return Value();
  if constexpr (std::is_polymorphic_v<T> && !std::is_final_v<T>) {
    T& known = *object;
    if (typeid(known) != typeid(T)) {
      void* const whole = dynamic_cast<void*>(&known);
      return ToDerivedInstance(ClassOf<T>(), typeid(known), whole, std::move(object), is_const);
    }
  }
  return ToInstance(ClassOf<T>(), std::move(object), is_const);
}

}  // namespace cast_internal

// An exposed object travels by reference: Python holds a proxy, and both share the object. An
// object of a polymorphic class goes out as what it is, a derived class that is exposed and known.
template <typename T>
struct Cast<std::shared_ptr<T>, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<std::shared_ptr<T>> From(Value& value) {
    std::shared_ptr<void> self = cast_internal::SelfAs(*ClassOf<T>(), value);
    if (self == nullptr) return cast_internal::WrongInstance(*ClassOf<T>(), Name(), value);
    return std::static_pointer_cast<T>(std::move(self));
  }
  // A null pointer becomes None.
  static Value To(std::shared_ptr<T> object) {
    return cast_internal::ToInstanceOf<T>(std::move(object), /*is_const=*/false);
  }
  static std::string Name() { return ShortTypeName(typeid(T)); }
};

// A const object goes out read-only: Python can call only those of its methods that are const in
// C++.
template <typename T>
struct Cast<std::shared_ptr<const T>, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<std::shared_ptr<const T>> From(Value& value) {
    std::shared_ptr<void> self = cast_internal::SelfAsConst(*ClassOf<T>(), value);
    if (self == nullptr) return cast_internal::WrongInstance(*ClassOf<T>(), Name(), value);
    return std::static_pointer_cast<const T>(std::move(self));
  }
  static Value To(std::shared_ptr<const T> object) {
    return cast_internal::ToInstanceOf<T>(std::const_pointer_cast<T>(std::move(object)),
                                          /*is_const=*/true);
  }
  static std::string Name() { return Cast<std::shared_ptr<T>>::Name(); }
};

// A result by value moves into an object that Python holds.
template <typename T>
struct Cast<T, std::enable_if_t<Exposed<T>>> {
  static absl::StatusOr<T> From(Value& value) requires std::is_copy_constructible_v<T> {
    absl::StatusOr<std::shared_ptr<const T>> object = Cast<std::shared_ptr<const T>>::From(value);
    if (!object.ok()) return std::move(object).status();
    return **object;
  }
  static Value To(T object) {
    return Cast<std::shared_ptr<T>>::To(std::make_shared<T>(std::move(object)));
  }
  static std::string Name() { return Cast<std::shared_ptr<T>>::Name(); }
};

// These types do not say what keeps the object alive.
template <typename T>
struct Cast<T*, std::enable_if_t<Exposed<std::remove_const_t<T>>>> {
  static_assert(sizeof(T*) == 0,
                "rpyc: a pointer does not say who owns the object; pass a std::shared_ptr, or let "
                "a member function return a reference to what its object holds");
  static absl::StatusOr<T*> From(Value& value);
  static Value To(T* object);
  static std::string Name();
};
template <typename T>
struct Cast<std::reference_wrapper<T>, std::enable_if_t<Exposed<std::remove_const_t<T>>>> {
  static_assert(sizeof(T*) == 0,
                "rpyc: a std::reference_wrapper does not say who owns the object; pass a "
                "std::shared_ptr, or let a member function return a reference to what its object "
                "holds");
  static absl::StatusOr<std::reference_wrapper<T>> From(Value& value);
  static Value To(std::reference_wrapper<T> object);
  static std::string Name();
};

}  // namespace rpyc

#endif  // RPYC_CAST_OBJECT_H_
