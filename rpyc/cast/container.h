#ifndef RPYC_CAST_CONTAINER_H_
#define RPYC_CAST_CONTAINER_H_

#include <array>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/cast.h"

namespace rpyc {
namespace cast_internal {

// Appends the conversions of `items` to `*to`, which takes insert(end, x).
template <typename T, typename Container>
absl::Status InsertAll(std::vector<Value> items, Container* to) {
  for (Value& item : items) {
    absl::StatusOr<T> converted = Cast<T>::From(item);
    if (!converted.ok()) return std::move(converted).status();
    to->insert(to->end(), *std::move(converted));
  }
  return absl::OkStatus();
}

template <typename Container>
std::vector<Value> AllTo(Container&& container) {
  using T = typename std::decay_t<Container>::value_type;
  std::vector<Value> items;
  items.reserve(container.size());
  for (const T& item : container) items.push_back(Cast<T>::To(item));
  return items;
}

// "Any" where an annotation inside another one must not be empty.
template <typename T>
std::string InnerName() {
  std::string name = Cast<T>::Name();
  return name.empty() ? "Any" : name;
}

// A set from a frozenset.
template <typename Set>
struct SetCast {
  using T = typename Set::value_type;
  static absl::StatusOr<Set> From(Value& value) {
    if (value.kind() != Value::Kind::kFrozenset) return WrongType("frozenset", value);
    Set set;
    absl::Status status = InsertAll<T>(std::move(value).TakeItems(), &set);
    if (!status.ok()) return status;
    return set;
  }
  static Value To(Set set) { return Value::Frozenset(AllTo(std::move(set))); }
  static std::string Name() { return absl::StrCat("frozenset[", InnerName<T>(), "]"); }
};

}  // namespace cast_internal

// A tuple of any length; Python lists are references, not values.
template <typename T>
struct Cast<std::vector<T>> {
  static absl::StatusOr<std::vector<T>> From(Value& value) {
    if (!value.IsTuple()) return WrongType("tuple", value);
    std::vector<T> items;
    items.reserve(value.items().size());
    absl::Status status = cast_internal::InsertAll<T>(std::move(value).TakeItems(), &items);
    if (!status.ok()) return status;
    return items;
  }
  static Value To(std::vector<T> items) {
    std::vector<Value> values;
    values.reserve(items.size());
    for (auto&& item : items) values.push_back(Cast<T>::To(std::move(item)));
    return Value::Tuple(std::move(values));
  }
  static std::string Name() {
    return absl::StrCat("tuple[", cast_internal::InnerName<T>(), ", ...]");
  }
};

// A tuple of exactly these.
template <typename... T>
struct Cast<std::tuple<T...>> {
  static absl::StatusOr<std::tuple<T...>> From(Value& value) {
    if (!value.IsTuple() || value.items().size() != sizeof...(T)) return WrongType(Name(), value);
    return FromItems(std::move(value).TakeItems(), std::index_sequence_for<T...>());
  }
  static Value To(std::tuple<T...> items) {
    return std::apply(
        [](auto&&... item) { return Value::Tuple({Cast<T>::To(std::move(item))...}); },
        std::move(items));
  }
  static std::string Name() {
    std::string names;
    ((names += (names.empty() ? "" : ", ") + cast_internal::InnerName<T>()), ...);
    return absl::StrCat("tuple[", sizeof...(T) == 0 ? "()" : names, "]");
  }

 private:
  template <size_t... I>
  static absl::StatusOr<std::tuple<T...>> FromItems(std::vector<Value> items,
                                                    std::index_sequence<I...>) {
    std::tuple<absl::StatusOr<T>...> converted{Cast<T>::From(items[I])...};
    absl::Status status;
    (status.Update(std::get<I>(converted).status()), ...);
    if (!status.ok()) return status;
    return std::tuple<T...>(*std::move(std::get<I>(converted))...);
  }
};

template <typename A, typename B>
struct Cast<std::pair<A, B>> {
  static absl::StatusOr<std::pair<A, B>> From(Value& value) {
    absl::StatusOr<std::tuple<A, B>> tuple = Cast<std::tuple<A, B>>::From(value);
    if (!tuple.ok()) return std::move(tuple).status();
    return std::make_from_tuple<std::pair<A, B>>(*std::move(tuple));
  }
  static Value To(std::pair<A, B> pair) {
    return Value::Tuple({Cast<A>::To(std::move(pair.first)), Cast<B>::To(std::move(pair.second))});
  }
  static std::string Name() { return Cast<std::tuple<A, B>>::Name(); }
};

template <typename T>
struct Cast<std::set<T>> : cast_internal::SetCast<std::set<T>> {};
template <typename T>
struct Cast<std::unordered_set<T>> : cast_internal::SetCast<std::unordered_set<T>> {};

}  // namespace rpyc

#endif  // RPYC_CAST_CONTAINER_H_
