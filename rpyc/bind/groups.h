#ifndef RPYC_BIND_GROUPS_H_
#define RPYC_BIND_GROUPS_H_

#include <concepts>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/mentions.h"
#include "rpyc/bind/method.h"
#include "rpyc/bind/property.h"
#include "rpyc/iterator.h"

// This header makes Python's protocols from a C++ class's functions. The templates only capture
// types.
namespace rpyc::bind_internal {

// Applies `F` to the object or to its owner.
template <typename T, typename F>
decltype(auto) InvokeOn(F& callable, const std::shared_ptr<T>& self) {
  if constexpr (std::is_invocable_v<F&, T&>) {
    return std::invoke(callable, *self);
  } else {
    return std::invoke(callable, self);
  }
}
template <typename T, typename F>
inline constexpr bool kInvocableOn =
    std::is_invocable_v<F&, T&> || std::is_invocable_v<F&, const std::shared_ptr<T>&>;

// Adds __len__, __getitem__, __contains__, __iter__ and __reversed__, made from `len` and `get`;
// `get` takes an index below the length.
void AddSequence(Member len, Member get, ClassInfo* info);

template <typename T, typename Len, typename Get>
void AddSequenceOf(Len len, Get get, ClassInfo* info) {
  if constexpr (CheckCallable<T, Len>() && CheckCallable<T, Get>()) {
    constexpr bool kCounts = Callable<T, Len>::kCount == 0 && Callable<T, Get>::kCount == 1;
    static_assert(kCounts,
                  "rpyc: a sequence has a function for its length, which takes the object only, "
                  "and one for an item, which takes its index too");
    if constexpr (kCounts) {
      AddSequence(MakeMethod<T>("__len__", std::move(len)),
                  MakeMethod<T>("__getitem__", std::move(get)), info);
    }
  }
}

template <typename T, typename M, typename C>
void AddSequenceOf(M C::*items, ClassInfo* info) {
  constexpr bool kRandomAccess = std::ranges::random_access_range<M>;
  static_assert(kRandomAccess,
                "rpyc: c.Sequence takes a container with [], or functions for length and item");
  if constexpr (kRandomAccess && CheckHolder<M&, ReturnPolicy::Default>()) {
    using Item = std::ranges::range_value_t<M>;
    AddSequenceOf<T>([items](const T& self) { return std::ranges::size(self.*items); },
                     [items](const T& self, size_t index) -> Item { return (self.*items)[index]; },
                     info);
  }
}

// Makes __iter__. `items` is a function of the object that returns a rpyc::Iterator or a range, or
// it is a data member; the iterator keeps a copy of the range or data member.
template <typename T, typename F>
Member MakeIter(F items) {
  constexpr bool kOfObject = kInvocableOn<T, F>;
  static_assert(kOfObject, "rpyc: c.Iterable takes a container, or a function of the object");
  if constexpr (kOfObject) {
    using Result = decltype(InvokeOn(items, std::declval<const std::shared_ptr<T>&>()));
    using R = std::decay_t<Result>;
    if constexpr (CheckHolder<Result, ReturnPolicy::Default>()) {
      Member member =
          MakeMethod<T>("__iter__", [items = std::move(items)](std::shared_ptr<T> self) mutable {
            if constexpr (std::is_same_v<R, Iterator>) {
              return InvokeOn(items, self);
            } else {
              return Iterator(R(InvokeOn(items, self)));
            }
          });
      member.may_change_object = !std::is_invocable_v<F&, const T&>;
      member.add_classes = &Mentions<R>::Add;
      return member;
    }
  }
  return Member();
}

template <typename T, typename B, typename E>
Member MakeIter(B begin, E end) {
  constexpr bool kOfObject = kInvocableOn<T, B> && kInvocableOn<T, E>;
  static_assert(kOfObject, "rpyc: begin and end are functions of the object");
  if constexpr (kOfObject) {
    using First =
        std::decay_t<decltype(InvokeOn(begin, std::declval<const std::shared_ptr<T>&>()))>;
    Member member = MakeMethod<T>("__iter__", [begin = std::move(begin), end = std::move(end)](
                                                  std::shared_ptr<T> self) mutable {
      auto first = InvokeOn(begin, self);
      auto last = InvokeOn(end, self);
      return Iterator::Over(std::move(self), std::move(first), std::move(last));
    });
    member.may_change_object =
        !std::is_invocable_v<B&, const T&> || !std::is_invocable_v<E&, const T&>;
    member.add_classes = &Mentions<std::iter_value_t<First>>::Add;
    return member;
  }
  return Member();
}

// Returns a member that does the same and returns the object.
Member ReturningObject(Member member);
// Makes __exit__, to which Python passes three arguments, from a function that takes none or one.
// With `wants_flag` that one is a bool, whether the body raised; else it is the exception's class
// or None.
Member MakeExit(Member exit, bool wants_flag);

template <typename Tuple>
inline constexpr bool kTakesFlag = false;
template <typename P>
inline constexpr bool kTakesFlag<std::tuple<P>> = std::is_same_v<std::decay_t<P>, bool>;

template <typename T, typename Enter, typename Exit>
void AddContext(Enter enter, Exit exit, ClassInfo* info) {
  if constexpr (CheckCallable<T, Enter>() && CheckCallable<T, Exit>()) {
    using X = Callable<T, Exit>;
    constexpr bool kCounts = Callable<T, Enter>::kCount == 0 && X::kCount <= 1;
    static_assert(kCounts,
                  "rpyc: a context's enter takes the object only, and its exit at most a bool, "
                  "whether the body raised, or a rpyc::Value, the exception's class");
    if constexpr (kCounts) {
      Member entering = MakeMethod<T>("__enter__", std::move(enter));
      constexpr bool kVoid = std::is_void_v<typename Callable<T, Enter>::Result>;
      info->AddDefault(kVoid ? ReturningObject(std::move(entering)) : std::move(entering));
      info->AddDefault(
          MakeExit(MakeMethod<T>("__exit__", std::move(exit)), kTakesFlag<typename X::Python>));
    }
  }
}

}  // namespace rpyc::bind_internal

#endif  // RPYC_BIND_GROUPS_H_
