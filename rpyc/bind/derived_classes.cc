#include "rpyc/bind/derived_classes.h"

#include <utility>

#include "rpyc/bind/class_info.h"
#include "rpyc/bind/definition.h"

namespace rpyc {

DerivedClasses::~DerivedClasses() = default;

void DerivedClasses::Add(const std::type_info& type, const std::shared_ptr<const ClassInfo>* info,
                         Downcast downcast) {
  children_.push_back({&type, info, downcast});
  Forget();
}

void DerivedClasses::Forget() { table_.store(nullptr, std::memory_order_release); }

void* DerivedClasses::Found::Cast(void* self) const {
  for (const Downcast downcast : path) self = downcast(self);
  return self;
}

const DerivedClasses::Found* DerivedClasses::Find(const std::type_info& type, void* self) const {
  if (const Table* table = table_.load(std::memory_order_acquire)) {
    const auto known = table->find(&type);
    if (known != table->end()) return known->second;
  }
  return Search(type, self);
}

// A program has few classes, so copying the table for each new type costs little, and its readers
// need no lock.
const DerivedClasses::Found* DerivedClasses::Search(const std::type_info& type, void* self) const {
  const Definition excludes_others;
  Found best{.info = nullptr, .is_exact = false, .path = {}};
  std::vector<Downcast> path;
  Descend(type, self, &path, &best);
  const Found* found = nullptr;
  if (best.info != nullptr) {
    found_.push_back(std::make_unique<const Found>(std::move(best)));
    found = found_.back().get();
  }
  const Table* old = table_.load(std::memory_order_relaxed);
  auto table = old == nullptr ? std::make_unique<Table>() : std::make_unique<Table>(*old);
  table->insert_or_assign(&type, found);
  table_.store(table.get(), std::memory_order_release);
  all_tables_.push_back(std::move(table));
  return found;
}

void DerivedClasses::Descend(const std::type_info& type, void* self, std::vector<Downcast>* path,
                             Found* best) const {
  for (const Child& child : children_) {
    void* const derived = child.downcast(self);
    if (derived == nullptr) continue;
    path->push_back(child.downcast);
    const bool is_exact = *child.type == type;
    if (is_exact || (!best->is_exact && path->size() > best->path.size())) {
      *best = {.info = child.info, .is_exact = is_exact, .path = *path};
    }
    if (is_exact) return;
    (*child.info)->derived_classes().Descend(type, derived, path, best);
    if (best->is_exact) return;
    path->pop_back();
  }
}

}  // namespace rpyc
