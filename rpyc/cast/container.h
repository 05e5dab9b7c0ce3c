#ifndef RPYC_CAST_CONTAINER_H_
#define RPYC_CAST_CONTAINER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/cast.h"

namespace rpyc {
namespace cast_internal {

// Passes the items of an argument to `convert`, whose error then names the item. The argument is a
// tuple, a frozenset, or any object that Python would iterate over; a str is refused. Items that
// are objects are asked `question` first, all at the same time.
absl::Status ConvertItems(const CallContext& context, Value& value, Question question,
                          absl::FunctionRef<absl::Status(Value& item)> convert);

// Returns "Any" where an annotation inside another one must not be empty.
template <typename T>
std::string InnerName() {
  std::string name = Cast<T>::Name();
  return name.empty() ? "Any" : name;
}
template <typename T>
std::string InnerParameterName() {
  std::string name = ParameterName<T>();
  return name.empty() ? "Any" : name;
}

// Returns all that iterating over `value` yields, as a tuple; it returns a tuple as it is.
absl::StatusOr<Value> ItemsOf(const CallContext& context, Value value);

template <typename T, typename Container>
absl::StatusOr<Container> CopyItems(const CallContext& context, Value& value) {
  static_assert(ItemsOwnTheirText<T>());
  Container items;
  if constexpr (requires { items.reserve(0); }) items.reserve(value.items().size());
  absl::Status status = ConvertItems(context, value, kQuestion<T>, [&](Value& item) {
    absl::StatusOr<T> converted = FromPython<T>(context, item);
    if (!converted.ok()) return std::move(converted).status();
    items.insert(items.end(), *std::move(converted));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return items;
}

template <typename T, typename Container>
std::vector<Value> AllTo(Container&& container) {
  std::vector<Value> values;
  values.reserve(container.size());
  for (auto&& item : container) values.push_back(Cast<T>::To(std::move(item)));
  return values;
}

// Says whether a vector or array of Ts is Python's bytes, since it is memory rather than numbers.
template <typename T>
inline constexpr bool kIsByte =
    std::is_same_v<T, std::byte> || std::is_same_v<T, uint8_t> || std::is_same_v<T, char>;

// Returns the bytes of an argument that is bytes, holds bytes, or yields ints from 0 to 255.
// Errors:  TypeError, ValueError - it is none of these; what asking raises.
absl::StatusOr<std::string> BytesFrom(const CallContext& context, Value& value);

template <typename T>
Value BytesTo(const T* data, size_t size) {
  return Value(Bytes{std::string(reinterpret_cast<const char*>(data), size)});
}

// Converts an item that must travel by value; a member of an enumeration travels as its number,
// which it equals.
template <typename T>
Value HashableTo(const T& item) {
  if constexpr (requires { Cast<T>::ToNumber(item); }) {
    return Cast<T>::ToNumber(item);
  } else {
    return Cast<T>::To(item);
  }
}

// Takes a set from any iterable; gives a frozenset.
template <typename Set>
struct SetCast {
  using T = typename Set::value_type;
  static absl::StatusOr<Set> From(const CallContext& context, Value& value) {
    return CopyItems<T, Set>(context, value);
  }
  static Value To(const Set& set) {
    std::vector<Value> items;
    items.reserve(set.size());
    for (const T& item : set) items.push_back(HashableTo<T>(item));
    return Value::Frozenset(std::move(items));
  }
  static std::string Name() { return absl::StrCat("frozenset[", InnerName<T>(), "]"); }
  static std::string ParameterName() {
    return absl::StrCat("Iterable[", InnerParameterName<T>(), "]");
  }
};

absl::Status WrongCount(size_t expected, size_t got);

// Replaces an object that Python would unpack into `count` items by a tuple of them.
// Errors:  TypeError - it is no sequence, or has another number of items; what the object raises.
absl::Status BecomeTuple(const CallContext& context, Value& value, size_t count,
                         absl::string_view expected);

// Takes a copy of a sequence from any iterable: a tuple, a list of ours or the caller's, a range, a
// generator. It gives a tuple.
template <typename Sequence>
struct SequenceCast {
  using T = typename Sequence::value_type;
  static absl::StatusOr<Sequence> From(const CallContext& context, Value& value) {
    return CopyItems<T, Sequence>(context, value);
  }
  static Value To(Sequence items) { return Value::Tuple(AllTo<T>(std::move(items))); }
  static std::string Name() { return absl::StrCat("tuple[", InnerName<T>(), ", ...]"); }
  static std::string ParameterName() {
    return absl::StrCat("Iterable[", InnerParameterName<T>(), "]");
  }
};

// Takes a vector of bytes from bytes and what holds them, or from ints; gives bytes.
template <typename T>
struct ByteVectorCast {
  static absl::StatusOr<std::vector<T>> From(const CallContext& context, Value& value) {
    absl::StatusOr<std::string> bytes = BytesFrom(context, value);
    if (!bytes.ok()) return std::move(bytes).status();
    const auto* const begin = reinterpret_cast<const T*>(bytes->data());
    return std::vector<T>(begin, begin + bytes->size());
  }
  static Value To(const std::vector<T>& items) { return BytesTo(items.data(), items.size()); }
  static std::string Name() { return "bytes"; }
};

}  // namespace cast_internal

// Converts a sequence as above; a sequence of std::byte, uint8_t or char is bytes.
template <typename T>
struct Cast<std::vector<T>>
    : std::conditional_t<cast_internal::kIsByte<T>, cast_internal::ByteVectorCast<T>,
                         cast_internal::SequenceCast<std::vector<T>>> {};

// Converts in the same way, but exactly N items.
template <typename T, size_t N>
struct Cast<std::array<T, N>> {
  static absl::StatusOr<std::array<T, N>> From(const CallContext& context, Value& value) {
    absl::StatusOr<std::vector<T>> items = FromPython<std::vector<T>>(context, value);
    if (!items.ok()) return std::move(items).status();
    if (items->size() != N) return cast_internal::WrongCount(N, items->size());
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{static_cast<T>(std::move((*items)[I]))...};
    }
    (std::make_index_sequence<N>());
  }
  static Value To(std::array<T, N> items) {
    if constexpr (cast_internal::kIsByte<T>) {
      return cast_internal::BytesTo(items.data(), items.size());
    } else {
      return Value::Tuple(cast_internal::AllTo<T>(std::move(items)));
    }
  }
  static std::string Name() { return Cast<std::vector<T>>::Name(); }
  static std::string ParameterName() { return rpyc::ParameterName<std::vector<T>>(); }
};

// Converts a tuple of exactly these items, or takes an object that yields them: a named tuple, a
// list.
template <typename... T>
struct Cast<std::tuple<T...>> {
  static absl::StatusOr<std::tuple<T...>> From(const CallContext& context, Value& value) {
    static_assert(cast_internal::ItemsOwnTheirText<T...>());
    if (value.AsObject() != nullptr) {
      absl::Status read = cast_internal::BecomeTuple(context, value, sizeof...(T), Name());
      if (!read.ok()) return read;
    }
    if (!value.IsTuple() || value.items().size() != sizeof...(T)) return WrongType(Name(), value);
    return FromItems(context, std::move(value).TakeItems(), std::index_sequence_for<T...>());
  }
  static Value To(std::tuple<T...> items) {
    return std::apply(
        [](auto&&... item) { return Value::Tuple({Cast<T>::To(std::move(item))...}); },
        std::move(items));
  }
  static std::string Name() { return Named({cast_internal::InnerName<T>()...}); }
  static std::string ParameterName() { return Named({cast_internal::InnerParameterName<T>()...}); }

 private:
  static std::string Named(std::vector<std::string> items) {
    std::string names;
    for (const std::string& item : items) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", item);
    }
    return absl::StrCat("tuple[", items.empty() ? "()" : names, "]");
  }
  template <size_t... I>
  static absl::StatusOr<std::tuple<T...>> FromItems([[maybe_unused]] const CallContext& context,
                                                    [[maybe_unused]] std::vector<Value> items,
                                                    std::index_sequence<I...>) {
    std::tuple<absl::StatusOr<T>...> converted{FromPython<T>(context, items[I])...};
    absl::Status error;
    (void)(... &&
           (std::get<I>(converted).ok() ||
            (error = ErrorAt(absl::StrCat("item ", I), std::get<I>(converted).status()), false)));
    if (!error.ok()) return error;
    return std::tuple<T...>(*std::move(std::get<I>(converted))...);
  }
};

template <typename A, typename B>
struct Cast<std::pair<A, B>> {
  static absl::StatusOr<std::pair<A, B>> From(const CallContext& context, Value& value) {
    absl::StatusOr<std::tuple<A, B>> tuple = FromPython<std::tuple<A, B>>(context, value);
    if (!tuple.ok()) return std::move(tuple).status();
    return std::make_from_tuple<std::pair<A, B>>(*std::move(tuple));
  }
  static Value To(std::pair<A, B> pair) {
    return Value::Tuple({Cast<A>::To(std::move(pair.first)), Cast<B>::To(std::move(pair.second))});
  }
  static std::string Name() { return Cast<std::tuple<A, B>>::Name(); }
  static std::string ParameterName() { return rpyc::ParameterName<std::tuple<A, B>>(); }
};

// These take any order, hash and allocator.
template <typename T, typename... Rest>
struct Cast<std::set<T, Rest...>> : cast_internal::SetCast<std::set<T, Rest...>> {};
template <typename T, typename... Rest>
struct Cast<std::unordered_set<T, Rest...>>
    : cast_internal::SetCast<std::unordered_set<T, Rest...>> {};

template <typename T>
struct TravelsByValue<std::vector<T>>
    : std::bool_constant<cast_internal::kIsByte<T> || TravelsByValue<T>::value> {};
template <typename T, size_t N>
struct TravelsByValue<std::array<T, N>>
    : std::bool_constant<cast_internal::kIsByte<T> || TravelsByValue<T>::value> {};
template <typename... T>
struct TravelsByValue<std::tuple<T...>> : std::conjunction<TravelsByValue<T>...> {};
template <typename A, typename B>
struct TravelsByValue<std::pair<A, B>> : std::conjunction<TravelsByValue<A>, TravelsByValue<B>> {};
template <typename T, typename... Rest>
struct TravelsByValue<std::set<T, Rest...>>
    : std::bool_constant<std::is_enum_v<T> || TravelsByValue<T>::value> {};
template <typename T, typename... Rest>
struct TravelsByValue<std::unordered_set<T, Rest...>>
    : std::bool_constant<std::is_enum_v<T> || TravelsByValue<T>::value> {};

template <typename T>
inline constexpr Question kQuestion<std::vector<T>> = Question::kItems;
template <typename T, size_t N>
inline constexpr Question kQuestion<std::array<T, N>> = Question::kItems;
template <typename... T>
inline constexpr Question kQuestion<std::tuple<T...>> = Question::kItems;
template <typename A, typename B>
inline constexpr Question kQuestion<std::pair<A, B>> = Question::kItems;
template <typename T, typename... Rest>
inline constexpr Question kQuestion<std::set<T, Rest...>> = Question::kItems;
template <typename T, typename... Rest>
inline constexpr Question kQuestion<std::unordered_set<T, Rest...>> = Question::kItems;

}  // namespace rpyc

#endif  // RPYC_CAST_CONTAINER_H_
