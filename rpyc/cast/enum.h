#ifndef RPYC_CAST_ENUM_H_
#define RPYC_CAST_ENUM_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/enum_info.h"
#include "rpyc/cast/object.h"

namespace rpyc {

// Says what Python sees of the enumeration E. It is one function beside E, in its namespace, or a
// friend in its class.
//
//   enum class State { kIdle, kMoving };
//   inline void RpycExpose(rpyc::EnumDef<State>& e) {
//     e.Members({{"IDLE", State::kIdle}, {"MOVING", State::kMoving}});
//   }
//
// Python gets a member as an object much like a member of an IntEnum, with .name and .value. It may
// pass such an object, a member's name or its number. The enumeration itself, which is iterable and
// callable, is exposed by
//
//   service.Expose("State", rpyc::Enum<State>());
template <typename E>
class EnumDef {
 public:
  using List = std::initializer_list<std::pair<absl::string_view, E>>;

  // Only EnumOf calls this.
  explicit EnumDef(EnumInfo* info) : info_(info) {}

  EnumDef& Doc(absl::string_view doc) {
    info_->set_doc(doc);
    return *this;
  }
  // Names the values that there are. If a value has two names, Python shows the first and takes
  // both.
  EnumDef& Members(List members) {
    for (const auto& [name, value] : members) info_->Add(name, static_cast<uint64_t>(value));
    return *this;
  }
  // Names values that may be or-ed: a combination of them is a value too.
  EnumDef& Flags(List flags) {
    info_->set_are_flags();
    return Members(flags);
  }

 private:
  EnumInfo* const info_;
};

template <typename E>
concept ExposedEnum = std::is_enum_v<E> && requires(EnumDef<E>& definition) {
  RpycExpose(definition);
};

// Returns the one EnumInfo of E, which is made on first use.
template <typename E>
const EnumInfo& EnumOf() {
  static const EnumInfo& info = *[] {
    auto* made = new EnumInfo(absl::StrCat("cpp.", ShortTypeName(typeid(E))),
                              std::is_signed_v<std::underlying_type_t<E>>);
    EnumDef<E> definition(made);
    RpycExpose(definition);
    made->Finish();
    return made;
  }();
  return info;
}

// Returns an enumeration as a value, to expose it under a name.
template <typename E>
ClassReference Enum() {
  static_assert(ExposedEnum<E>,
                "rpyc: the enum needs a function RpycExpose(rpyc::EnumDef<E>&) in its namespace");
  return ClassReference([]() -> std::shared_ptr<Object> {
    if constexpr (ExposedEnum<E>) return EnumOf<E>().class_object();
    return nullptr;
  });
}

// A member travels by reference: each member is one object. A value that is no member cannot go
// out; it is a ValueError of the call.
template <typename T>
struct Cast<T, std::enable_if_t<ExposedEnum<T>>> {
  static absl::StatusOr<T> From(const CallContext& context, Value& value) {
    const absl::StatusOr<uint64_t> bits = EnumOf<T>().From(context, value);
    if (!bits.ok()) return bits.status();
    return static_cast<T>(*bits);
  }
  static Value To(T value) { return EnumOf<T>().To(static_cast<uint64_t>(value)); }
  // Gives the number, for places where a member has to travel by value.
  static Value ToNumber(T value) { return EnumOf<T>().ToNumber(static_cast<uint64_t>(value)); }
  static std::string Name() { return EnumOf<T>().short_name(); }
};

// The service has to say whether Python sees a name or a number.
template <typename T>
struct Cast<T, std::enable_if_t<std::is_enum_v<T> && !ExposedEnum<T>>> {
  static_assert(sizeof(T) == 0,
                "rpyc: Python knows no members of this C++ enum; name them, as rpyc::EnumDef says: "
                "void RpycExpose(rpyc::EnumDef<State>& e) { e.Members({{\"IDLE\", "
                "State::kIdle}}); } in the namespace of the enum, or as a friend in its class");
  static absl::StatusOr<T> From(Value& value);
  static Value To(const T& value);
  static Value ToNumber(const T& value);
  static std::string Name();
};

template <typename T>
requires std::is_enum_v<T>
inline constexpr Question kQuestion<T> = Question::kInt;

}  // namespace rpyc

#endif  // RPYC_CAST_ENUM_H_
