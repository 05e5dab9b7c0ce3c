#ifndef RPYC_DICT_DATA_H_
#define RPYC_DICT_DATA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "rpyc/dict.h"
#include "rpyc/hash_map.h"
#include "rpyc/mutex.h"

namespace rpyc {

// What the handles of a Dict share: entries in the order they came, found by the hashable form of
// their keys. Values that are taken out are returned, so that they are destroyed after the lock is
// released.
// Threads: any.
struct Dict::Data {
 public:
  using Pair = std::pair<Value, Value>;

  Data() = default;
  ~Data();
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  size_t size() const;
  std::optional<Value> Find(const Value& hashable) const;
  // Sets the value of a key. Returns the value that was there.
  std::optional<Value> Set(const Value& hashable, Value key, Value value);
  // Returns the value of a key, after setting it to `value` if there was none.
  Value SetDefault(const Value& hashable, Value key, Value value);
  std::optional<Pair> Remove(const Value& hashable);
  std::optional<Pair> RemoveLast();
  std::vector<Pair> RemoveAll();
  std::vector<Pair> Pairs() const;

  // Where an iteration stands. A dict may not grow or shrink during it.
  struct Position {
    size_t next;
    size_t size;
    uint64_t layout;
    bool backward;
  };
  Position Begin(bool backward) const;
  // Errors:  RuntimeError - the dict has changed.
  absl::StatusOr<std::optional<Value>> NextKey(Position* position) const;

 private:
  struct Entry {
    Pair pair;
    bool live = true;
  };
  // Takes the content out of an entry, which is live no more.
  Pair TakeLocked(Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes the entries that are not live.
  void CompactLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds a key that is not in the dict.
  void AddLocked(const Value& hashable, Value key, Value value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  HashMap<Value, size_t> index_ ABSL_GUARDED_BY(mutex_);  // by hashable key
  uint64_t layout_ ABSL_GUARDED_BY(mutex_) = 0;           // counts how often entries moved
};

}  // namespace rpyc

#endif  // RPYC_DICT_DATA_H_
