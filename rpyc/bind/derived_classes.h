#ifndef RPYC_BIND_DERIVED_CLASSES_H_
#define RPYC_BIND_DERIVED_CLASSES_H_

#include <atomic>
#include <memory>
#include <typeinfo>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace rpyc {

class ClassInfo;

// A pointer to an object as one to its derived class, or null if it is none of it.
using Downcast = void* (*)(void* self);

// The exposed classes that are known to derive from a polymorphic one, so that an object goes out
// as what it is, not as what the C++ type of its pointer says.
//
// A class becomes known when it is made: it, or a function that takes or returns it, was exposed.
// Owned by the base's ClassInfo. Nothing here is destroyed before the base is.
// Threads: any. Find takes no lock for a type that it has met.
class DerivedClasses {
 public:
  DerivedClasses() = default;
  ~DerivedClasses();
  DerivedClasses(const DerivedClasses&) = delete;
  DerivedClasses& operator=(const DerivedClasses&) = delete;

  // A class that derives directly, of C++ type `type`. Within a Definition. `info` is never
  // destroyed.
  void Add(const std::type_info& type, const std::shared_ptr<const ClassInfo>* info,
           Downcast downcast);
  // A class further down has become known. Within a Definition.
  void Forget();

  struct Found {
    const std::shared_ptr<const ClassInfo>* info;
    bool is_exact;               // its C++ type is the very type that was looked for
    std::vector<Downcast> path;  // from the base to it
    // The object as one of that class, from the base's pointer.
    void* Cast(void* self) const;
  };
  // What an object of the base at `self` is, whose dynamic type is `type`: the known class of that
  // type, else the one nearest to it. Null: the base itself.
  const Found* Find(const std::type_info& type, void* self) const;

 private:
  struct Child {
    const std::type_info* type;
    const std::shared_ptr<const ClassInfo>* info;
    Downcast downcast;
  };
  // By the address of the type: a type that has several is found by each.
  using Table = absl::flat_hash_map<const std::type_info*, const Found*>;

  const Found* Search(const std::type_info& type, void* self) const;
  // The deepest class at or below a child that the object is of; exact if there is one.
  void Descend(const std::type_info& type, void* self, std::vector<Downcast>* path,
               Found* best) const;

  std::vector<Child> children_;                                   // written within a Definition
  mutable std::atomic<const Table*> table_{nullptr};              // what has been found
  mutable std::vector<std::unique_ptr<const Table>> all_tables_;  // all that table_ has ever been
  mutable std::vector<std::unique_ptr<const Found>> found_;
};

}  // namespace rpyc

#endif  // RPYC_BIND_DERIVED_CLASSES_H_
