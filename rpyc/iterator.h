#ifndef RPYC_ITERATOR_H_
#define RPYC_ITERATOR_H_

#include <concepts>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/exposed.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// A Python iterator over items that C++ makes one by one, when Python asks. Held by reference;
// Python sees a generator.
//
//   rpyc::Iterator Upto(int n) {        // ends with an empty optional, or by rpyc::StopIteration
//     return rpyc::Iterator([i = 0, n]() mutable {
//       return i < n ? std::optional(i++) : std::nullopt;
//     });
//   }
//   rpyc::Iterator Names() { return rpyc::Iterator(std::vector<std::string>{"a", "b"}); }
//   rpyc::Iterator Bank::Accounts() {   // what the iterators point into must not change meanwhile
//     return rpyc::Iterator::Over(shared_from_this(), accounts_.begin(), accounts_.end());
//   }
//
// After its end or an exception an iterator stays at its end.
// A handle: copies share the position.
// Threads: any, one at a time: a caller that asks while an item is being made, also from within,
//          gets a ValueError, "generator already executing", as in Python.
class Iterator {
 public:
  // Yields what `next` returns: a std::optional<T>, empty at the end, or a T until it throws
  // rpyc::StopIteration; either also within an absl::StatusOr.
  template <typename F>
  requires(std::invocable<F&> && !std::convertible_to<F, Iterator>) explicit Iterator(F next)
      : Iterator(Erased(), Wrapped(std::move(next))) {}

  // Yields the items of a container or view, which the iterator keeps.
  template <std::ranges::input_range R>
  explicit Iterator(R range) : Iterator(OverHeld(std::make_shared<R>(std::move(range)))) {}

  // Yields the items from `begin` to `end`, which are valid as long as `owner` lives.
  template <std::input_iterator I, std::sentinel_for<I> S>
  static Iterator Over(std::shared_ptr<const void> owner, I begin, S end) {
    constexpr bool kShared =
        !std::is_lvalue_reference_v<std::iter_reference_t<I>> ||
        !cast_internal::HoldsExposed<std::remove_cv_t<std::iter_value_t<I>>>::value;
    static_assert(kShared,
                  "rpyc: Python would get copies of the exposed objects that are iterated over, "
                  "and what it changes in them would be lost; hold them as std::shared_ptr<T>");
    return OverItems(std::move(owner), std::move(begin), std::move(end));
  }

  const std::shared_ptr<Object>& object() const { return object_; }

 private:
  using Item = absl::StatusOr<std::optional<Value>>;
  using Next = absl::AnyInvocable<Item()>;
  struct Erased {};
  Iterator(Erased, Next next);

  template <typename I, typename S>
  static Iterator OverItems(std::shared_ptr<const void> owner, I begin, S end) {
    using T = std::iter_value_t<I>;
    return Iterator(
        Erased(),
        [owner = std::move(owner), at = std::move(begin), end = std::move(end)]() mutable -> Item {
          if (at == end) return std::optional<Value>();
          Value item = Cast<T>::To(static_cast<T>(*at));
          ++at;
          return std::optional<Value>(std::move(item));
        });
  }

  template <typename T>
  struct ItemOf {
    static Item To(T item) { return std::optional<Value>(Cast<T>::To(std::move(item))); }
  };
  template <typename T>
  struct ItemOf<std::optional<T>> {
    static Item To(std::optional<T> item) {
      if (!item) return std::optional<Value>();
      return ItemOf<T>::To(*std::move(item));
    }
  };
  template <typename T>
  struct ItemOf<absl::StatusOr<T>> {
    static Item To(absl::StatusOr<T> item) {
      if (!item.ok()) return std::move(item).status();
      return ItemOf<T>::To(*std::move(item));
    }
  };
  template <typename F>
  static Next Wrapped(F next) {
    using R = std::decay_t<std::invoke_result_t<F&>>;
    static_assert(
        !std::is_void_v<R>,
        "rpyc: the function of an iterator returns the next item, or std::optional of it");
    return [next = std::move(next)]() mutable { return ItemOf<R>::To(next()); };
  }
  template <typename R>
  static Iterator OverHeld(std::shared_ptr<R> range) {
    auto begin = std::ranges::begin(*range);
    auto end = std::ranges::end(*range);
    // A container that is kept has no other owner; a view shows the items of another object.
    if constexpr (std::ranges::view<R>) {
      return Over(std::move(range), std::move(begin), std::move(end));
    } else {
      return OverItems(std::move(range), std::move(begin), std::move(end));
    }
  }

  std::shared_ptr<Object> object_;
};

// An iterator goes only from C++ to Python.
template <>
struct Cast<Iterator> {
  static Value To(const Iterator& iterator) { return Value(iterator.object()); }
  static std::string Name() { return "Iterator"; }
};

}  // namespace rpyc

#endif  // RPYC_ITERATOR_H_
