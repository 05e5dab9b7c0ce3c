#ifndef RPYC_BIND_PROPERTY_H_
#define RPYC_BIND_PROPERTY_H_

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/bind/class_object.h"
#include "rpyc/bind/invoke.h"
#include "rpyc/bind/method.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/object.h"

// This header turns getters, setters and data members into attributes.
namespace rpyc {
namespace bind_internal {

// Says how an exposed object travels that a property's getter makes anew for each reading. It goes
// out read-only, since what Python changed in it would be lost.
struct MadeAnew {};
template <typename R>
requires(Exposed<R>)  //
    struct ResultCast<MadeAnew, R> {
  static absl::StatusOr<Value> To(const CallContext&, R result) {
    return Cast<std::shared_ptr<const R>>::To(std::make_shared<R>(std::move(result)));
  }
  static std::string Name() { return Cast<R>::Name(); }
};

template <typename R>
struct WithoutStatus {
  using type = R;
};
template <typename R>
struct WithoutStatus<absl::StatusOr<R>> {
  using type = R;
};

// Refuses a getter whose new result holds exposed objects, unless it travels as plain values.
template <typename Policy, typename Result>
struct PropertyPolicy {
  using R = typename WithoutStatus<std::remove_cv_t<Result>>::type;
  static constexpr bool kIsAnew = std::is_same_v<Policy, ReturnPolicy::Default> && Exposed<R>;
  using type = std::conditional_t<kIsAnew, MadeAnew, Policy>;
  static constexpr bool kLosesChanges = !std::is_same_v<Policy, ReturnPolicy::ByValue> &&
                                        !Exposed<R> && cast_internal::HoldsExposed<R>::value;
  static_assert(!kLosesChanges,
                "rpyc: a property gives Python copies of the exposed objects in this, and what it "
                "changes in them would be lost; hold std::shared_ptr<T>, or expose a function that "
                "returns new ones");
};
template <typename Policy, typename Result>
struct PropertyPolicy<Policy, Result&> {
  using type = Policy;
  static constexpr bool kLosesChanges = false;
};

template <typename T, typename F>
constexpr size_t kPythonCount = Callable<T, F>::kCount;

// Checks that a setter takes the new value and a deleter takes nothing.
template <typename T, typename F>
void AddAccessor(Member* member, F accessor) {
  if constexpr (kIsPolicy<F>) {
    return;
  } else if constexpr (kIsDoc<F>) {
    member->doc = std::string(absl::string_view(accessor));
  } else if constexpr (CheckCallable<T, F>()) {
    constexpr size_t kCount = kPythonCount<T, F>;
    static_assert(kCount <= 1,
                  "rpyc: a property's setter takes the new value, and its deleter nothing");
    if constexpr (kCount <= 1) {
      if (IsNull(accessor)) {
        member->mistake = kCount == 1 ? "the setter is null" : "the deleter is null";
      }
      (kCount == 1 ? member->setter : member->deleter) =
          MakeBody<ReturnPolicy::Default, T>(std::move(accessor));
      member->needs_object = member->needs_object || Callable<T, F>::kTakesObject;
    }
  }
}

// Borrowed text cannot keep what Python passed.
template <typename M>
inline constexpr bool kSettable =
    !std::is_const_v<M> && !kBorrows<M> && std::is_move_assignable_v<M> && kGoesIn<M>;

// A part of the object goes out as a reference to it; a part of a const object goes out read-only.
template <typename Policy, typename T, typename M, typename C>
absl::StatusOr<Value> ToPart(const MemberCall& call, M C::*data) {
  using Const = std::shared_ptr<const M>;
  using Part = std::conditional_t<std::is_const_v<M>, Const, std::shared_ptr<M>>;
  Part part(call.self, &(static_cast<T*>(call.self.get())->*data));
  if (!std::is_const_v<M> && cast_internal::IsReadOnly(call.object)) {
    return ResultCast<Policy, Const>::To(call.context, std::move(part));
  }
  return ResultCast<Policy, Part>::To(call.context, std::move(part));
}

template <typename Policy, typename T, typename M, typename C>
void AddDataMember(Member* member, M C::*data) {
  // This is what the getter returns.
  using Given = std::conditional_t<Exposed<std::remove_const_t<M>>, std::shared_ptr<M>, M>;
  static_assert(kMemberOf<T, M C::*>, "rpyc: a data member of another class than the one exposed");
  if constexpr (kMemberOf<T, M C::*> && CheckHolder<M&, Policy>() &&
                CheckTypes<Given>(static_cast<std::tuple<>*>(nullptr))) {
    if (data == nullptr) member->mistake = "the data member is null";
    member->needs_object = true;
    member->add_classes = &MentionsOf<M, std::tuple<>>::Add;
    member->signature.return_type = ResultName<Policy, Given>();
    member->body = [data](const Member&, const MemberCall& call, absl::Span<Value>) {
      if constexpr (Exposed<std::remove_const_t<M>>) {
        return ToPart<Policy, T>(call, data);
      } else {
        const T& self = *static_cast<const T*>(call.self.get());
        return ToResult<Policy, M>(call.context, [&]() -> const M& { return self.*data; });
      }
    };
    if constexpr (kSettable<M>) {
      member->setter = [data](const Member& attribute, const MemberCall& call,
                              absl::Span<Value> args) -> absl::StatusOr<Value> {
        absl::StatusOr<M> value = FromPython<M>(call.context, args[0]);
        if (!value.ok()) return ArgumentError(attribute, call, 0, value.status());
        static_cast<T*>(call.self.get())->*data = *std::move(value);
        return Value();
      };
    }
  }
}

}  // namespace bind_internal

// Makes an attribute. `getter` is a function as for MakeMethod to which Python passes nothing, or a
// data member; Python may set the data member unless it is const. A data member that is an exposed
// object goes out as a reference to it; an exposed object that a getter returns by value goes out
// read-only. `extras` are a setter, a deleter, a docstring and a rpyc::ReturnPolicy; each may be
// missing.
template <typename T, typename G, typename... Extras>
Member MakeProperty(absl::string_view name, G getter, Extras&&... extras) {
  namespace internal = bind_internal;
  static_assert(internal::kDocCount<Extras...> <= 1, "rpyc: give at most one docstring");
  static_assert(internal::kPolicyCount<Extras...> <= 1,
                "rpyc: give at most one rpyc::ReturnPolicy");
  using Policy = typename internal::PolicyOf<Extras...>::type;
  Member member;
  member.name = std::string(name);
  member.kind = MemberKind::kProperty;
  if constexpr (std::is_member_object_pointer_v<G>) {
    internal::AddDataMember<Policy, T>(&member, getter);
  } else if constexpr (internal::CheckCallable<T, G, Policy>()) {
    using C = internal::Callable<T, G>;
    static_assert(C::kCount == 0, "rpyc: a property's getter takes the object and no argument");
    static_assert(!C::kReturnsSelf, "rpyc: a property cannot be the object itself");
    using Travels = internal::PropertyPolicy<Policy, typename C::Result>;
    if constexpr (C::kCount == 0 && !C::kReturnsSelf && !Travels::kLosesChanges) {
      using Given = typename Travels::type;
      if (internal::IsNull(getter)) member.mistake = "the getter is null";
      member.needs_object = C::kTakesObject;
      member.may_change_object = C::kTakesObject && C::kMayChangeObject;
      member.add_classes = &internal::MentionsOf<typename C::Result, std::tuple<>>::Add;
      member.signature.return_type = internal::ResultName<Given, typename C::Result>();
      member.body = internal::MakeBody<Given, T>(std::move(getter));
    }
  }
  (internal::AddAccessor<T, std::decay_t<Extras>>(&member, std::forward<Extras>(extras)), ...);
  return member;
}

// Makes what `exposed` is to Python: a method, or an attribute that holds a class.
template <typename T, typename F, typename... Extras>
Member MakeMember(absl::string_view name, F exposed, Extras&&... extras) {
  if constexpr (std::is_same_v<F, ClassReference>) {
    Member member = MakeProperty<void>(
        name, [exposed] { return exposed; }, std::forward<Extras>(extras)...);
    member.held_class = exposed.getter();
    return member;
  } else {
    return MakeMethod<T>(name, std::move(exposed), std::forward<Extras>(extras)...);
  }
}

// Makes a hook from a function that takes at most the object and the CallContext.
template <typename T, typename F>
Member MakeHook(absl::string_view name, F hook) {
  if constexpr (bind_internal::CheckCallable<T, F>()) {
    constexpr bool kNoArguments = bind_internal::Callable<T, F>::kCount == 0;
    static_assert(kNoArguments, "rpyc: a hook takes a const rpyc::CallContext& or nothing");
    if constexpr (kNoArguments) return MakeMethod<T>(name, std::move(hook));
  }
  return Member();
}

}  // namespace rpyc

#endif  // RPYC_BIND_PROPERTY_H_
