#ifndef RPYC_BIND_CLASS_DEF_H_
#define RPYC_BIND_CLASS_DEF_H_

#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/method.h"
#include "rpyc/cast/object.h"

namespace rpyc {

// What Python sees of T; filled in by T's friend:
//
//   friend void RpycExpose(rpyc::ClassDef<Account>& c) {
//     c.Doc("A bank account, held by reference.");
//     c.Expose("deposit", &Account::Deposit, rpyc::Arg("cents"), "Adds cents.");
//     c.Property("balance", &Account::balance);
//   }
template <typename T>
class ClassDef {
 public:
  // For ClassOf only.
  explicit ClassDef(ClassInfo* info) : info_(info) {}

  ClassDef& Doc(absl::string_view doc) {
    info_->set_doc(doc);
    return *this;
  }

  // Exposes a member function, or a function that takes a T& first, or one that needs no object.
  // `extras`: rpyc::Arg for every parameter, in order, or none; at most one docstring.
  template <typename F, typename... Extras>
  ClassDef& Expose(absl::string_view name, F callable, Extras&&... extras) {
    info_->Add(MakeMethod<T>(name, std::move(callable), std::forward<Extras>(extras)...));
    return *this;
  }

  // Exposes what `getter` returns as a read-only attribute.
  template <typename F, typename... Extras>
  ClassDef& Property(absl::string_view name, F getter, Extras&&... extras) {
    Member member = MakeMethod<T>(name, std::move(getter), std::forward<Extras>(extras)...);
    member.kind = MemberKind::kProperty;
    info_->Add(std::move(member));
    return *this;
  }

 private:
  ClassInfo* const info_;
};

template <typename T>
const std::shared_ptr<const ClassInfo>& ClassOf() {
  static_assert(Exposed<T>, "rpyc: T needs a friend function RpycExpose(rpyc::ClassDef<T>&)");
  static const std::shared_ptr<const ClassInfo> info = [] {
    auto made = std::make_shared<ClassInfo>(absl::StrCat("cpp.", ShortTypeName(typeid(T))));
    ClassDef<T> definition(made.get());
    RpycExpose(definition);
    return made;
  }();
  return info;
}

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_DEF_H_
