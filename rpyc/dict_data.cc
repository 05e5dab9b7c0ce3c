#include "rpyc/dict_data.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "rpyc/assert.h"
#include "rpyc/discard.h"
#include "rpyc/errors.h"
#include "rpyc/python_ops.h"

namespace rpyc {

Dict::Data::~Data() { Discard(std::move(entries_)); }

size_t Dict::Data::size() const {
  MutexLock lock(&mutex_);
  return index_.size();
}

std::optional<Value> Dict::Data::Find(const Value& hashable) const {
  MutexLock lock(&mutex_);
  const auto found = index_.find(hashable);
  if (found == index_.end()) return std::nullopt;
  return entries_[found->second].pair.second;
}

void Dict::Data::AddLocked(const Value& hashable, Value key, Value value) {
  if (entries_.size() > 2 * index_.size() + 16) CompactLocked();
  // If memory runs out, the dict is as it was.
  entries_.push_back({.pair = {std::move(key), std::move(value)}});
  absl::Cleanup undo = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { entries_.pop_back(); };
  const bool is_new = index_.emplace(hashable, entries_.size() - 1).second;
  RPYC_ASSERT(is_new);
  std::move(undo).Cancel();
}

std::optional<Value> Dict::Data::Set(const Value& hashable, Value key, Value value) {
  MutexLock lock(&mutex_);
  const auto found = index_.find(hashable);
  if (found == index_.end()) {
    AddLocked(hashable, std::move(key), std::move(value));
    return std::nullopt;
  }
  return std::exchange(entries_[found->second].pair.second, std::move(value));
}

Value Dict::Data::SetDefault(const Value& hashable, Value key, Value value) {
  MutexLock lock(&mutex_);
  const auto found = index_.find(hashable);
  if (found != index_.end()) return entries_[found->second].pair.second;
  AddLocked(hashable, std::move(key), value);
  return value;
}

Dict::Data::Pair Dict::Data::TakeLocked(Entry* entry) {
  RPYC_ASSERT(entry->live);
  entry->live = false;
  return std::exchange(entry->pair, Pair());
}

std::optional<Dict::Data::Pair> Dict::Data::Remove(const Value& hashable) {
  MutexLock lock(&mutex_);
  const auto found = index_.find(hashable);
  if (found == index_.end()) return std::nullopt;
  Pair pair = TakeLocked(&entries_[found->second]);
  index_.erase(found);
  return pair;
}

std::optional<Dict::Data::Pair> Dict::Data::RemoveLast() {
  MutexLock lock(&mutex_);
  while (!entries_.empty() && !entries_.back().live) entries_.pop_back();
  if (entries_.empty()) return std::nullopt;
  Pair pair = TakeLocked(&entries_.back());
  entries_.pop_back();
  const size_t erased = index_.erase(CanonicalKey(pair.first));
  RPYC_ASSERT(erased == 1);
  return pair;
}

std::vector<Dict::Data::Pair> Dict::Data::RemoveAll() {
  MutexLock lock(&mutex_);
  std::vector<Pair> pairs;
  pairs.reserve(entries_.size());
  for (Entry& entry : entries_) pairs.push_back(std::move(entry.pair));
  entries_.clear();
  index_.clear();
  ++layout_;
  return pairs;
}

std::vector<Dict::Data::Pair> Dict::Data::Pairs() const {
  MutexLock lock(&mutex_);
  std::vector<Pair> pairs;
  pairs.reserve(index_.size());
  for (const Entry& entry : entries_) {
    if (entry.live) pairs.push_back(entry.pair);
  }
  return pairs;
}

// Entries that were removed hold nothing but take their place.
void Dict::Data::CompactLocked() {
  ++layout_;
  size_t kept = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].live) continue;
    if (kept != i) {
      // If this throws, nothing has been moved yet.
      size_t& at = index_.find(CanonicalKey(entries_[i].pair.first))->second;
      entries_[kept] = std::move(entries_[i]);
      entries_[i].live = false;
      at = kept;
    }
    ++kept;
  }
  RPYC_ASSERT(kept == index_.size());
  entries_.resize(kept);
  entries_.shrink_to_fit();
}

Dict::Data::Position Dict::Data::Begin(bool backward) const {
  MutexLock lock(&mutex_);
  return {.next = backward ? entries_.size() : 0,
          .size = index_.size(),
          .layout = layout_,
          .backward = backward};
}

absl::StatusOr<std::optional<Value>> Dict::Data::NextKey(Position* position) const {
  MutexLock lock(&mutex_);
  if (position->size != index_.size()) {
    return PyStatus("RuntimeError", "dictionary changed size during iteration");
  }
  if (position->layout != layout_) {
    return PyStatus("RuntimeError", "dictionary keys changed during iteration");
  }
  if (position->backward) {
    while (position->next > 0) {
      // Entries at the end may be gone, popped and set again.
      if (--position->next >= entries_.size()) continue;
      const Entry& entry = entries_[position->next];
      if (entry.live) return std::make_optional(entry.pair.first);
    }
    return std::optional<Value>();
  }
  while (position->next < entries_.size()) {
    const Entry& entry = entries_[position->next++];
    if (entry.live) return std::make_optional(entry.pair.first);
  }
  return std::optional<Value>();
}

}  // namespace rpyc
