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

// Returns the class T as a value, to expose it under a name or to return it from a function.
//   service.Expose("Account", rpyc::Class<Account>());
template <typename T>
ClassReference Class();

// Says what Python sees of T. A friend function of T fills it in:
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
  // Only ClassOf calls this.
  explicit ClassDef(ClassInfo* info) : info_(info) {}

  ClassDef& Doc(absl::string_view doc) {
    info_->set_doc(doc);
    return *this;
  }

  // Inherits what Python sees of B. A member of T replaces B's member of the same name; a virtual
  // function of B runs T's override even when only B exposes it. A shared_ptr<T> is accepted where
  // a shared_ptr<B> is expected, and isinstance knows it. If B is polymorphic, a T behind a
  // shared_ptr<B> or a B& goes out as a T once T is known, which means that rpyc::Class<T>()
  // exposes it or that an exposed function takes or returns it.
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

  // Lets Python make a T by calling the class. This form calls T's constructor that takes A...;
  // there may be several.
  template <typename... A, typename... Extras>
  requires(sizeof...(A) > 0 || (... && bind_internal::kIsExtra<Extras>))  //
      ClassDef& Init(Extras&&... extras) {
    constexpr bool kConstructible = std::is_constructible_v<T, A...>;
    // clang before 16 makes aggregates with braces only.
    constexpr bool kTakesBraces = requires { T{std::declval<A>()...}; };
    static_assert(kConstructible || kTakesBraces,
                  "rpyc: the class has no constructor that takes these types");
    if constexpr (kConstructible) {
      SetInit([](A... arguments) { return std::make_shared<T>(std::forward<A>(arguments)...); },
              std::forward<Extras>(extras)...);
    } else if constexpr (kTakesBraces) {
      SetInit(
          [](A... arguments) { return std::shared_ptr<T>(new T{std::forward<A>(arguments)...}); },
          std::forward<Extras>(extras)...);
    }
    return *this;
  }
  // Lets Python make a T by calling the class. This form calls `factory`, which returns a
  // std::shared_ptr<T> or an absl::StatusOr of one.
  template <typename F, typename... Extras>
  requires(!bind_internal::kIsExtra<F>) ClassDef& Init(F factory, Extras&&... extras) {
    SetInit(std::move(factory), std::forward<Extras>(extras)...);
    return *this;
  }

  // Exposes a function (see MakeMethod). `extras` are a rpyc::Arg for every parameter in order, or
  // none, and at most one docstring. A rpyc::Class<U>() becomes an attribute. Several functions of
  // one name are overloads: a call runs the first one that takes its arguments as they are, else
  // the first one that converts them.
  template <typename F, typename... Extras>
  ClassDef& Expose(absl::string_view name, F callable, Extras&&... extras) {
    info_->Add(MakeMember<T>(name, std::move(callable), std::forward<Extras>(extras)...));
    return *this;
  }

  // Exposes an attribute (see MakeProperty). `extras` are a setter, a deleter and a docstring; each
  // may be missing.
  template <typename G, typename... Extras>
  ClassDef& Property(absl::string_view name, G getter, Extras&&... extras) {
    info_->Add(MakeProperty<T>(name, std::move(getter), std::forward<Extras>(extras)...));
    return *this;
  }

  // Exposes a function, class or data member as a plain attribute: only peers that
  // allow_public_attrs or allow_all_attrs lets in see it.
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

  // Makes T a sequence: it has len(), [] with slices, in, iteration and reversed(). Its items are
  // those of a data member, a container with [], or they are `get(index)` for each index below
  // `len()`.
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

  // Makes T iterable. `items` is a data member, a container, or a function of the object that
  // returns a container or a rpyc::Iterator; each iterator keeps a copy of a container. The other
  // form iterates from `begin` to `end`, which are functions of the object; the object must not
  // change meanwhile.
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

  // Makes T a context manager. `with` receives what `enter` returns; if that is void, it receives
  // the object. `exit` takes nothing, a bool (whether the body raised) or a rpyc::Value (the
  // exception's class, or None); if it returns true, the exception is suppressed.
  template <typename Enter, typename Exit>
  ClassDef& Context(Enter enter, Exit exit) {
    bind_internal::AddContext<T>(std::move(enter), std::move(exit), info_);
    return *this;
  }

  // Runs `hook` when a connection whose root is a T begins, or after it has ended. `hook` takes the
  // object, the CallContext, both or nothing.
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
    // Error messages name the class as Python calls it, without the module.
    const std::string name = info_->name().substr(info_->name().rfind('.') + 1);
    info_->AddInit(MakeMethod<void>(name, std::move(factory), std::forward<Extras>(extras)...));
  }

  ClassInfo* const info_;
};

namespace bind_internal {

// Points to T's ClassInfo once that has been made.
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
