#ifndef RPYC_CAST_MAP_H_
#define RPYC_CAST_MAP_H_

#include <map>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/container.h"
#include "rpyc/dict.h"

namespace rpyc {
namespace cast_internal {

// Passes the keys and values of an argument to `convert_key` and then to `convert_value`; their
// errors then name the key.
absl::Status ConvertPairs(const CallContext& context, Value& value,
                          absl::FunctionRef<absl::Status(Value& key)> convert_key,
                          absl::FunctionRef<absl::Status(Value& value)> convert_value);

template <typename Map>
struct MapCast {
  using K = typename Map::key_type;
  using V = typename Map::mapped_type;
  static_assert(TravelsByValue<K>::value || std::is_enum_v<K>,
                "rpyc: the keys of a Python dict travel by value: use text, numbers, enumerations, "
                "or tuples of text and numbers");

  static absl::StatusOr<Map> From(const CallContext& context, Value& value) {
    static_assert(ItemsOwnTheirText<K, V>());
    Map map;
    absl::StatusOr<K> key = absl::UnknownError("no key yet");
    absl::Status status = ConvertPairs(
        context, value,
        [&](Value& k) {
          key = FromPython<K>(context, k);
          return key.status();
        },
        [&](Value& v) {
          absl::StatusOr<V> converted = FromPython<V>(context, v);
          if (!converted.ok()) return std::move(converted).status();
          map.insert_or_assign(*std::move(key), *std::move(converted));
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    return map;
  }
  static Value To(const Map& map) {
    Dict dict;
    for (const auto& [key, value] : map) dict.Set(Cast<K>::To(key), value).IgnoreError();
    return dict.ToValue();
  }
  static std::string Name() {
    return absl::StrCat("dict[", InnerName<K>(), ", ", InnerName<V>(), "]");
  }
  static std::string ParameterName() {
    return absl::StrCat("Mapping[", InnerParameterName<K>(), ", ", InnerParameterName<V>(), "]");
  }
};

}  // namespace cast_internal

// Takes a copy of a dict of ours or the caller's, or of an iterable of pairs. It gives a new Dict
// by reference. The order, hash and allocator may be any.
template <typename K, typename V, typename... Rest>
struct Cast<std::map<K, V, Rest...>> : cast_internal::MapCast<std::map<K, V, Rest...>> {};
template <typename K, typename V, typename... Rest>
struct Cast<std::unordered_map<K, V, Rest...>>
    : cast_internal::MapCast<std::unordered_map<K, V, Rest...>> {};

}  // namespace rpyc

#endif  // RPYC_CAST_MAP_H_
