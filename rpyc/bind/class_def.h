#ifndef RPYC_BIND_CLASS_DEF_H_
#define RPYC_BIND_CLASS_DEF_H_

#include <atomic>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/bind/groups.h"
#include "rpyc/bind/method.h"
#include "rpyc/bind/property.h"
#include "rpyc/cast/callback.h"
#include "rpyc/cast/netref.h"
#include "rpyc/cast/object.h"

namespace rpyc {

// The class T as a value: exposed under a name, or returned from a function.
//   service.Expose("Account", rpyc::Class<Account>());
template <typename T>
ClassReference Class();

// What Python sees of T; filled in by T's friend:
//
//   friend void RpycExpose(rpyc::ClassDef<Account>& c) {
//     c.Doc("A bank account, held by reference.");
//     c.Init<std::string>(rpyc::Arg("owner"));
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

  // Inherits what Python sees of B. T's own members win, also virtual ones of B's through B's own
  // definition; a shared_ptr<T> goes where a shared_ptr<B> is expected; isinstance knows it. If B
  // is polymorphic, a T behind a shared_ptr<B> or a B& goes out as a T, once T is known: it is
  // exposed by rpyc::Class<T>(), or an exposed function takes or returns it.
  template <typename B>
  ClassDef& Base() {
    static_assert(std::is_convertible_v<T*, B*> && !std::is_same_v<T, B>,
                  "rpyc: c.Base<B>() takes a public base class of the class being exposed");
    if constexpr (std::is_convertible_v<T*, B*> && !std::is_same_v<T, B>) {
      Downcast downcast = nullptr;
      if constexpr (std::is_polymorphic_v<B>) {
        downcast = [](void* self) -> void* { return dynamic_cast<T*>(static_cast<B*>(self)); };
      }
      info_->AddBase(
          ClassOf<B>(),
          [](const std::shared_ptr<void>& self) -> std::shared_ptr<void> {
            return std::static_pointer_cast<B>(std::static_pointer_cast<T>(self));
          },
          downcast);
    }
    return *this;
  }

  // Lets Python make a T by calling the class: by T's constructor that takes A..., of which there
  // may be several, ...
  template <typename... A, typename... Extras>
  requires(sizeof...(A) > 0 || (... && bind_internal::kIsExtra<Extras>))  //
      ClassDef& Init(Extras&&... extras) {
    constexpr bool kConstructible = std::is_constructible_v<T, A...>;
    static_assert(kConstructible, "rpyc: the class has no constructor that takes these types");
    if constexpr (kConstructible) {
      SetInit([](A... arguments) { return std::make_shared<T>(std::forward<A>(arguments)...); },
              std::forward<Extras>(extras)...);
    }
    return *this;
  }
  // ... or by `factory`, which returns a std::shared_ptr<T> or an absl::StatusOr of one.
  template <typename F, typename... Extras>
  requires(!bind_internal::kIsExtra<F>) ClassDef& Init(F factory, Extras&&... extras) {
    SetInit(std::move(factory), std::forward<Extras>(extras)...);
    return *this;
  }

  // Exposes a function: see MakeMethod. `extras`: rpyc::Arg for every parameter, in order, or none;
  // at most one docstring. A rpyc::Class<U>() becomes an attribute. Several functions of one name
  // are overloads: a call goes to the first that takes its arguments as they are, else to the first
  // that converts them.
  template <typename F, typename... Extras>
  ClassDef& Expose(absl::string_view name, F callable, Extras&&... extras) {
    info_->Add(MakeMember<T>(name, std::move(callable), std::forward<Extras>(extras)...));
    return *this;
  }

  // Exposes an attribute: see MakeProperty. `extras`: a setter, a deleter, a docstring.
  template <typename G, typename... Extras>
  ClassDef& Property(absl::string_view name, G getter, Extras&&... extras) {
    info_->Add(MakeProperty<T>(name, std::move(getter), std::forward<Extras>(extras)...));
    return *this;
  }

  // A function, class or data member as a plain attribute: only peers that allow_public_attrs or
  // allow_all_attrs lets in see it.
  template <typename F, typename... Extras>
  ClassDef& Public(absl::string_view name, F callable, Extras&&... extras) {
    if constexpr (std::is_member_object_pointer_v<F>) {
      return PublicProperty(name, callable, std::forward<Extras>(extras)...);
    } else {
      Member member = MakeMember<T>(name, std::move(callable), std::forward<Extras>(extras)...);
      member.visibility = Visibility::kPublic;
      info_->Add(std::move(member));
      return *this;
    }
  }
  template <typename G, typename... Extras>
  ClassDef& PublicProperty(absl::string_view name, G getter, Extras&&... extras) {
    Member member = MakeProperty<T>(name, std::move(getter), std::forward<Extras>(extras)...);
    member.visibility = Visibility::kPublic;
    info_->Add(std::move(member));
    return *this;
  }

  // Makes T a sequence: len(), [], with slices, in, iteration, reversed(). Its items are those of a
  // container with [] that is a data member, or `get(index)` for each index below `len()`.
  template <typename M, typename C>
  ClassDef& Sequence(M C::*items) {
    bind_internal::AddSequenceOf<T>(items, info_);
    return *this;
  }
  template <typename Len, typename Get>
  ClassDef& Sequence(Len len, Get get) {
    bind_internal::AddSequenceOf<T>(std::move(len), std::move(get), info_);
    return *this;
  }

  // Makes T iterable: over a container that is a data member or what a function of the object
  // returns, of which each iterator keeps a copy; a rpyc::Iterator that it returns; or from
  // `begin` to `end`, functions of the object that is not changed meanwhile.
  template <typename F>
  ClassDef& Iterable(F items) {
    info_->AddDefault(bind_internal::MakeIter<T>(std::move(items)));
    return *this;
  }
  template <typename B, typename E>
  ClassDef& Iterable(B begin, E end) {
    info_->AddDefault(bind_internal::MakeIter<T>(std::move(begin), std::move(end)));
    return *this;
  }

  // Makes T a context manager. `with` gets what `enter` returns; of void, the object. `exit` takes
  // nothing, a bool (whether the body raised) or a rpyc::Value (the exception's class, or None);
  // if it returns true, the exception ends here.
  template <typename Enter, typename Exit>
  ClassDef& Context(Enter enter, Exit exit) {
    bind_internal::AddContext<T>(std::move(enter), std::move(exit), info_);
    return *this;
  }

  // Runs when a connection whose root is a T comes, or has gone: a function of the object, the
  // CallContext, both or nothing.
  template <typename F>
  ClassDef& OnConnect(F hook) {
    info_->AddOnConnect(MakeHook<T>("on_connect", std::move(hook)));
    return *this;
  }
  template <typename F>
  ClassDef& OnDisconnect(F hook) {
    info_->AddOnDisconnect(MakeHook<T>("on_disconnect", std::move(hook)));
    return *this;
  }

 private:
  template <typename F, typename... Extras>
  void SetInit(F factory, Extras&&... extras) {
    // Named as Python calls it, without the module.
    const std::string name = info_->name().substr(info_->name().rfind('.') + 1);
    info_->AddInit(MakeMethod<void>(name, std::move(factory), std::forward<Extras>(extras)...));
  }

  ClassInfo* const info_;
};

namespace bind_internal {

// Where T's is, once it has been made.
template <typename T>
inline constinit ClassSlot class_slot{nullptr};

template <typename T>
const std::shared_ptr<const ClassInfo>& MakeClassOf() {
  return MakeClass({.type = typeid(T),
                    .name = [] { return ShortTypeName(typeid(T)); },
                    .expose =
                        [](ClassInfo* info) {
                          ClassDef<T> definition(info);
                          RpycExpose(definition);
                        }},
                   &class_slot<T>);
}

}  // namespace bind_internal

template <typename T>
const std::shared_ptr<const ClassInfo>& ClassOf() {
  static_assert(Exposed<T>, "rpyc: T needs a friend function RpycExpose(rpyc::ClassDef<T>&)");
  const auto* made = bind_internal::class_slot<T>.load(std::memory_order_acquire);
  return made != nullptr ? *made : bind_internal::MakeClassOf<T>();
}

template <typename T>
ClassReference Class() {
  return ClassReference(&ClassOf<T>);
}

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_DEF_H_
