#ifndef RPYC_BIND_CLASS_INFO_H_
#define RPYC_BIND_CLASS_INFO_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "rpyc/bind/derived_classes.h"
#include "rpyc/bind/member.h"

namespace rpyc {

// Converts a pointer to an object of a class to a pointer to its base. It is null where both have
// the same address.
using Upcast = std::shared_ptr<void> (*)(const std::shared_ptr<void>& self);

// Says what Python sees of a C++ class. It is built once, then immutable and shared by all objects
// of the class; only the set of known derived classes grows.
class ClassInfo {
 public:
  // `name` is the name that Python shows, such as "cpp.Account". Its first component must not be a
  // Python module.
  explicit ClassInfo(absl::string_view name);
  ClassInfo(const ClassInfo&) = delete;
  ClassInfo& operator=(const ClassInfo&) = delete;

  const std::string& name() const { return name_; }
  int64_t class_id() const { return class_id_; }
  const std::string& doc() const { return doc_; }
  void set_doc(absl::string_view doc) { doc_ = std::string(doc); }

  // Adds a member. It replaces an inherited or default member of the same name. If the class itself
  // already has a function of that name, the new one is an overload.
  // Errors:  EndByMistake - the member is wrong, or its name is taken.
  void Add(Member member);
  // Adds a member that is replaced by whatever the class itself exposes under that name, before or
  // later.
  void AddDefault(Member member);
  // Inherits the base's hooks, those of its members whose names are free, and its docstring if this
  // class has none. Of two bases the one added first wins, as in Python. `downcast` is null unless
  // the base is polymorphic.
  void AddBase(std::shared_ptr<const ClassInfo> base, Upcast upcast, Downcast downcast = nullptr);
  const Member* Find(absl::string_view name) const;  // returns nullptr if there is none
  // The members are in the order in which they were added.
  const std::vector<std::shared_ptr<const Member>>& members() const { return members_; }

  // Returns what a call of the class runs, or nullptr if the class cannot be called.
  const Member* init() const { return init_.get(); }
  // Adds a constructor; each further one is an overload.
  // Errors:  EndByMistake, as for Add.
  void AddInit(Member init);

  // These run, in this order, when a connection whose root is of this class begins and ends.
  using Hooks = std::vector<std::shared_ptr<const Member>>;
  const Hooks& on_connect() const { return on_connect_; }
  const Hooks& on_disconnect() const { return on_disconnect_; }
  void AddOnConnect(Member hook);
  void AddOnDisconnect(Member hook);

  // Turns a pointer to an object of this class into a pointer to `target`, if `target` is this
  // class or a base. Returns whether it is.
  bool CastTo(const ClassInfo& target, std::shared_ptr<void>* self) const;
  // Returns whether `other` is this class or a base of it.
  bool IsA(const ClassInfo& other) const;
  // Does what CastTo does, for a caller that does not change the object: it also accepts a
  // read-only object.
  bool CastToConst(const ClassInfo& target, std::shared_ptr<void>* self) const {
    return (original_ == nullptr ? this : original_)->CastTo(target, self);
  }

  // Makes what Python sees of a const object of the class `info`: a derived class of its own whose
  // properties cannot be set. Its methods that are not const in C++ raise a TypeError that says so.
  static std::shared_ptr<const ClassInfo> ReadOnly(const std::shared_ptr<const ClassInfo>& info);
  bool is_read_only() const { return original_ != nullptr; }
  // Returns whether an object of this class is an `other` itself, not of a class derived from it.
  bool IsExactly(const ClassInfo& other) const { return this == &other || original_ == &other; }

  // These classes are known to derive from this one. The set stays empty for a class that MakeClass
  // did not make.
  const DerivedClasses& derived_classes() const { return derived_; }
  // Tells the bases about this class, whose C++ type is `type`. The caller holds a Definition.
  // `info` is this class and is never destroyed.
  void TellBases(const std::type_info& type, const std::shared_ptr<const ClassInfo>* info) const;

  // Returns whether Python can hash the objects: it cannot where the same class has __eq__ and no
  // __hash__.
  bool is_hashable() const { return FindHashability().value_or(true); }

 private:
  struct Base {
    std::shared_ptr<const ClassInfo> info;
    Upcast upcast;
    Downcast downcast;
  };
  // Ends the program if the member is wrong, and makes the classes that it needs.
  void Prepare(const Member& member) const;
  void AddShared(std::shared_ptr<const Member> member);
  // Makes this class and its bases look for derived classes again, since a new one has become
  // known.
  void ForgetDerived() const;
  // Returns nothing if neither the class nor a base decides it.
  std::optional<bool> FindHashability() const;

  std::string name_;
  int64_t class_id_;
  std::string doc_;
  // The class itself has it; it is not inherited.
  bool has_own_eq_ = false;
  bool has_own_hash_ = false;
  absl::flat_hash_set<std::string> own_names_;
  std::vector<Base> bases_;
  std::vector<std::shared_ptr<const Member>> members_;
  absl::flat_hash_map<std::string, const Member*> by_name_;
  std::shared_ptr<const Member> init_;
  Hooks on_connect_;
  Hooks on_disconnect_;
  mutable DerivedClasses derived_;
  // A read-only class points to the class that it shows; other classes have null.
  const ClassInfo* original_ = nullptr;
  // It is made at most once, and under a Definition.
  mutable std::unique_ptr<const ClassInfo> read_only_owner_;
  mutable std::atomic<const ClassInfo*> read_only_{nullptr};
};

// Holds the one ClassInfo of a C++ type; once made, that lives as long as the program.
using ClassSlot = std::atomic<const std::shared_ptr<const ClassInfo>*>;

// Says how to make the ClassInfo of a C++ type.
struct ClassRecipe {
  const std::type_info& type;
  std::string (*name)();
  void (*expose)(ClassInfo* info);  // calls the user's RpycExpose
};

// Makes the class unless another thread has made it, and makes all classes that its members name.
const std::shared_ptr<const ClassInfo>& MakeClass(const ClassRecipe& recipe, ClassSlot* slot);

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_INFO_H_
