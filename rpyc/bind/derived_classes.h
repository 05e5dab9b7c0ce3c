#ifndef RPYC_BIND_DERIVED_CLASSES_H_
#define RPYC_BIND_DERIVED_CLASSES_H_

#include <atomic>
#include <memory>
#include <typeinfo>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace rpyc {

class ClassInfo;

// Converts a pointer to an object to a pointer to its derived class; returns null if the object is
// not of that class.
using Downcast = void* (*)(void* self);

// Holds the exposed classes that are known to derive from a polymorphic class. With it an object
// goes out as what it is, not as what the C++ type of its pointer says.
//
// A class becomes known when it is made: it was exposed, or a function that takes or returns it
// was. The base's ClassInfo owns this; nothing here is destroyed before the base is.
// Threads: any. Find takes no lock for a type that it has met.
class DerivedClasses {
 public:
  DerivedClasses() = default;
  ~DerivedClasses();
  DerivedClasses(const DerivedClasses&) = delete;
  DerivedClasses& operator=(const DerivedClasses&) = delete;

  // Adds a class that derives directly from the base; its C++ type is `type`. The caller holds a
  // Definition. `info` is never destroyed.
  void Add(const std::type_info& type, const std::shared_ptr<const ClassInfo>* info,
           Downcast downcast);
  // Drops the found classes, since a class further down has become known. The caller holds a
  // Definition.
  void Forget();

  struct Found {
    const std::shared_ptr<const ClassInfo>* info;
    bool is_exact;               // its C++ type is the very type that was looked for
    std::vector<Downcast> path;  // leads from the base to it
    // Converts the base's pointer to a pointer to this class.
    void* Cast(void* self) const;
  };
  // Returns what an object of the base at `self` is; its dynamic type is `type`. That is the known
  // class of this type, else the known class nearest to it. Null means the base itself.
  const Found* Find(const std::type_info& type, void* self) const;

 private:
  struct Child {
    const std::type_info* type;
    const std::shared_ptr<const ClassInfo>* info;
    Downcast downcast;
  };
  // The key is the address of the type. A type that has several addresses is found by each of them.
  using Table = absl::flat_hash_map<const std::type_info*, const Found*>;

  const Found* Search(const std::type_info& type, void* self) const;
  // Finds the deepest class, at a child or below it, that the object is of; it stops at the exact
  // one.
  void Descend(const std::type_info& type, void* self, std::vector<Downcast>* path,
               Found* best) const;

  std::vector<Child> children_;                       // written under a Definition
  mutable std::atomic<const Table*> table_{nullptr};  // holds what has been found
  // keeps every table that table_ has pointed to
  mutable std::vector<std::unique_ptr<const Table>> all_tables_;
  mutable std::vector<std::unique_ptr<const Found>> found_;
};

}  // namespace rpyc

#endif  // RPYC_BIND_DERIVED_CLASSES_H_
