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

// These are for tables that a peer makes grow: if memory runs out while one of them grows, it stays
// as it was. Abseil's tables are written for programs without exceptions, and are broken then.
template <typename Key, typename T, typename Hash = absl::Hash<Key>>
using HashMap = std::unordered_map<Key, T, Hash>;
template <typename Key, typename Hash = absl::Hash<Key>, typename Equal = std::equal_to<Key>>
using HashSet = std::unordered_set<Key, Hash, Equal>;

struct TextHash {
  using is_transparent = void;
  size_t operator()(absl::string_view text) const { return absl::HashOf(text); }
};

// A table by text, in which an absl::string_view is found too.
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

}  // namespace rpyc

#endif  // RPYC_HASH_MAP_H_
