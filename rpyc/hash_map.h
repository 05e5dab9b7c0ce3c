#ifndef RPYC_HASH_MAP_H_
#define RPYC_HASH_MAP_H_

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace rpyc {

// The tables that a peer makes grow: should memory run out while one of these grows, it stays as it
// was. Abseil's tables are written for programs without exceptions; they are broken then.
template <typename Key, typename T, typename Hash = absl::Hash<Key>>
using HashMap = std::unordered_map<Key, T, Hash>;
template <typename Key, typename Hash = absl::Hash<Key>, typename Equal = std::equal_to<Key>>
using HashSet = std::unordered_set<Key, Hash, Equal>;

struct TextHash {
  using is_transparent = void;
  size_t operator()(absl::string_view text) const { return absl::HashOf(text); }
};

// By text, which is found by an absl::string_view too.
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

}  // namespace rpyc

#endif  // RPYC_HASH_MAP_H_
