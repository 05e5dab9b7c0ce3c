#ifndef RPYC_CAST_STRUCT_H_
#define RPYC_CAST_STRUCT_H_

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/object.h"
#include "rpyc/cast/struct_info.h"

namespace rpyc {
namespace cast_internal {

template <typename M>
concept FieldType =
    std::is_move_assignable_v<M> && !kBorrows<M> &&
    (
        requires(Value & value) { Cast<M>::From(value); } ||
        requires(const CallContext& context, Value& value) { Cast<M>::From(context, value); });

}  // namespace cast_internal

// Says what Python sees of the struct T, which travels by value. A friend of T, or a function in
// its namespace, fills it in:
//
//   struct Limits {
//     double low = 0;
//     double high = 1;
//     friend void RpycExpose(rpyc::StructDef<Limits>& s) {
//       s.Field("low", &Limits::low).Field("high", &Limits::high, 1.0);
//     }
//   };
//
// Python gets a copy that it can read as a named tuple and as a dict, and that it cannot change. It
// may pass such a copy, a dict of the fields, or a tuple of them in order; it may leave out fields
// with a default. The struct itself, to be called and for isinstance, is exposed by
//
//   service.Expose("Limits", rpyc::Struct<Limits>());
template <typename T>
class StructDef {
 public:
  // Only StructOf calls this.
  explicit StructDef(StructInfo* info) : info_(info) {}

  StructDef& Doc(absl::string_view doc) {
    info_->set_doc(doc);
    return *this;
  }
  template <typename M, typename C>
  StructDef& Field(absl::string_view name, M C::*member) {
    return AddField(name, member, std::nullopt);
  }
  template <typename M, typename C>
  StructDef& Field(absl::string_view name, M C::*member, std::type_identity_t<M> default_value) {
    return AddField(name, member, Cast<M>::To(std::move(default_value)));
  }

 private:
  template <typename M, typename C>
  StructDef& AddField(absl::string_view name, M C::*member, std::optional<Value> default_value) {
    constexpr bool kOfT = std::is_base_of_v<C, T>;
    static_assert(kOfT, "rpyc: a field of another struct than the one being exposed");
    constexpr bool kPasses = cast_internal::FieldType<M>;
    static_assert(kPasses,
                  "rpyc: a field of a struct must be of a type that Python can pass, and keep");
    if constexpr (kOfT && kPasses) {
      info_->Add(
          {.name = std::string(name),
           .type = Cast<M>::Name(),
           .parameter_type = ParameterName<M>(),
           .default_value = std::move(default_value),
           .set = [member](const CallContext& context, void* object, Value& value) -> absl::Status {
             absl::StatusOr<M> converted = FromPython<M>(context, value);
             if (!converted.ok()) return std::move(converted).status();
             static_cast<T*>(object)->*member = *std::move(converted);
             return absl::OkStatus();
           },
           .get = [member](const void* object) -> Value {
             return Cast<M>::To(static_cast<const T*>(object)->*member);
           }});
    }
    return *this;
  }

  StructInfo* const info_;
};

namespace cast_internal {

template <typename T>
constexpr bool IsStruct() {
  if constexpr (std::is_class_v<T>) {
    constexpr bool kByValue = requires(StructDef<T> & definition) { RpycExpose(definition); };
    if constexpr (kByValue) {
      static_assert(!Exposed<T>,
                    "rpyc: a type travels by value, with a RpycExpose(rpyc::StructDef<T>&), or by "
                    "reference, with a RpycExpose(rpyc::ClassDef<T>&); give it one of them");
      return !Exposed<T>;
    }
  }
  return false;
}

}  // namespace cast_internal

template <typename T>
concept ExposedStruct = cast_internal::IsStruct<T>();

// Returns the one StructInfo of T, which is made on first use.
template <typename T>
const StructInfo& StructOf() {
  static const StructInfo& info = *[] {
    StructInfo::Create create = nullptr;
    if constexpr (std::is_default_constructible_v<T>) {
      create = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
    }
    auto* made = new StructInfo(absl::StrCat("cpp.", ShortTypeName(typeid(T))), create);
    StructDef<T> definition(made);
    RpycExpose(definition);
    made->Finish();
    return made;
  }();
  return info;
}

// Returns a struct's class as a value, to expose it under a name.
template <typename T>
ClassReference Struct() {
  static_assert(ExposedStruct<T>,
                "rpyc: the struct needs a function RpycExpose(rpyc::StructDef<T>&)");
  return ClassReference(
      +[]() -> const std::shared_ptr<const ClassInfo>& { return StructOf<T>().object_class(); });
}

// A struct travels as a copy of its fields (see StructDef).
template <typename T>
struct Cast<T, std::enable_if_t<ExposedStruct<T>>> {
  static absl::StatusOr<T> From(const CallContext& context,
                                Value& value) requires std::is_default_constructible_v<T> {
    T object{};
    absl::Status filled = StructOf<T>().Fill(context, std::move(value), &object);
    if (!filled.ok()) return filled;
    return object;
  }
  static Value To(const T& object) { return StructOf<T>().Make(&object); }
  static std::string Name() { return StructOf<T>().short_name(); }
};

}  // namespace rpyc

#endif  // RPYC_CAST_STRUCT_H_
