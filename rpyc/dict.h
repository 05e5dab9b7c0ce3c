#ifndef RPYC_DICT_H_
#define RPYC_DICT_H_

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/cast/string.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// A C++ type that is always good as a key: text or a number.
template <typename K>
concept PlainKey = std::is_arithmetic_v<K> || std::convertible_to<const K&, absl::string_view>;

// A Python dict that C++ and its clients share, held by reference; as List in all that is said
// there.
//
//   rpyc::Dict ages{{"ada", 36}, {"grace", 85}};
//   ages.Set("alan", 41);
//   absl::StatusOr<int> age = ages.Get<int>("ada");
//
// Keys travel by value and are Python's: 1, 1.0 and True are one key; NaN equals itself; a member
// of an rpyc::Enum is a key, and is found by its number. They keep the order in which they came.
// keys(), values() and items() give Python tuples, not views. A handle: copies share the dict;
// Copy() copies it.
// Threads: any; each function here is one step.
class Dict {
 public:
  // Holds one entry of an initializer list.
  struct Entry {
    template <PlainKey K, typename V>
    Entry(const K& key, V value) : key(KeyOf(key)), value(Cast<V>::To(std::move(value))) {}
    Value key;
    Value value;
  };

  struct Data;  // dict_data.h; ours

  Dict();
  Dict(std::initializer_list<Entry> entries);
  // Makes a dict of a map's keys and values.
  template <std::ranges::input_range M>
  requires PlainKey<typename std::decay_t<M>::key_type>
  explicit Dict(const M& map) : Dict() {
    for (const auto& [key, value] : map) Set(key, value);
  }

  size_t size() const;
  bool empty() const { return size() == 0; }

  // The value of `key`.
  // Errors:  KeyError; TypeError - it is no T.
  template <typename T = Value, typename K>
  absl::StatusOr<T> Get(const K& key) const {
    static_assert(cast_internal::ItemsOwnTheirText<T>());
    absl::StatusOr<Value> value = GetValue(KeyOf(key));
    if (!value.ok()) return std::move(value).status();
    return FromPython<T>(CallContext(), *value);
  }
  template <typename K>
  bool Contains(const K& key) const {
    return GetValue(KeyOf(key)).ok();
  }
  template <PlainKey K, typename V>
  void Set(const K& key, V value) {
    SetValue(KeyOf(key), Cast<V>::To(std::move(value))).IgnoreError();
  }
  // Errors:  TypeError - unhashable, or no value.
  template <typename V>
  absl::Status Set(Value key, V value) {
    return SetValue(std::move(key), Cast<V>::To(std::move(value)));
  }
  // Removes a key and returns its value.
  // Errors:  KeyError.
  template <typename K>
  absl::StatusOr<Value> Pop(const K& key) {
    return PopValue(KeyOf(key));
  }
  void clear();

  // Keys and values as they are now.
  std::vector<std::pair<Value, Value>> Snapshot() const;
  Dict Copy() const;

  // Whether these are handles of one dict.
  bool IsSameAs(const Dict& other) const { return data_ == other.data_; }

  Value ToValue() const;
  // The dict that `value` refers to, if it is one of ours.
  static std::optional<Dict> Of(const Value& value);

 private:
  friend class DictObject;
  explicit Dict(std::shared_ptr<Data> data) : data_(std::move(data)) {}
  template <typename K>
  static Value KeyOf(const K& key) {
    return Cast<std::decay_t<const K&>>::To(key);
  }
  absl::StatusOr<Value> GetValue(const Value& key) const;
  absl::Status SetValue(Value key, Value value);
  absl::StatusOr<Value> PopValue(const Value& key);

  std::shared_ptr<Data> data_;  // never null
};

// A dict travels by reference. A parameter takes only a dict of ours: for a copy of any mapping
// take std::map.
template <>
struct Cast<Dict> {
  static absl::StatusOr<Dict> From(Value& value);
  static Value To(const Dict& dict) { return dict.ToValue(); }
  static std::string Name() { return "dict"; }
};

}  // namespace rpyc

#endif  // RPYC_DICT_H_
