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

// A pointer to an object of a class as one to its base; null where the two are the same address.
using Upcast = std::shared_ptr<void> (*)(const std::shared_ptr<void>& self);

// What Python sees of a C++ class. Built once, then immutable and shared by all its objects, but
// for which classes are known to derive from it.
class ClassInfo {
 public:
  // `name` as Python shows it, "cpp.Account". The first component must not be a Python module.
  explicit ClassInfo(absl::string_view name);
  ClassInfo(const ClassInfo&) = delete;
  ClassInfo& operator=(const ClassInfo&) = delete;

  const std::string& name() const { return name_; }
  int64_t class_id() const { return class_id_; }
  const std::string& doc() const { return doc_; }
  void set_doc(absl::string_view doc) { doc_ = std::string(doc); }

  // Adds a member in place of one of its name that was inherited, or is only a default. A further
  // function of the class's own is an overload.
  // Errors:  EndByMistake - what is wrong with the member; its name is taken.
  void Add(Member member);
  // Adds one that what the class exposes by that name itself, before or later, is put in place of.
  void AddDefault(Member member);
  // Inherits: the base's members that have no other of their name, its hooks, and its docstring if
  // there is none. Of two bases the one added first wins, as in Python. `downcast`: null unless the
  // base is polymorphic.
  void AddBase(std::shared_ptr<const ClassInfo> base, Upcast upcast, Downcast downcast = nullptr);
  const Member* Find(absl::string_view name) const;  // nullptr if there is none
  // In the order added.
  const std::vector<std::shared_ptr<const Member>>& members() const { return members_; }

  // What calling the class does; nullptr if it cannot be called.
  const Member* init() const { return init_.get(); }
  // A further one is an overload. Errors: as Add's.
  void AddInit(Member init);

  // What runs when a connection whose root is of this class comes and goes, in this order.
  using Hooks = std::vector<std::shared_ptr<const Member>>;
  const Hooks& on_connect() const { return on_connect_; }
  const Hooks& on_disconnect() const { return on_disconnect_; }
  void AddOnConnect(Member hook);
  void AddOnDisconnect(Member hook);

  // Turns a pointer to an object of this class into one to `target`, if that is this or a base.
  bool CastTo(const ClassInfo& target, std::shared_ptr<void>* self) const;
  // Whether `other` is this or a base.
  bool IsA(const ClassInfo& other) const;
  // CastTo, for one that does not change the object: of a read-only object, too.
  bool CastToConst(const ClassInfo& target, std::shared_ptr<void>* self) const {
    return (original_ == nullptr ? this : original_)->CastTo(target, self);
  }

  // What Python sees of a const object of the class `info`: a class of its own, derived from it,
  // whose properties cannot be set and whose methods that are not const in C++ say so.
  static std::shared_ptr<const ClassInfo> ReadOnly(const std::shared_ptr<const ClassInfo>& info);
  bool is_read_only() const { return original_ != nullptr; }
  // Whether an object of this class is one of `other` and of none derived from it.
  bool IsExactly(const ClassInfo& other) const { return this == &other || original_ == &other; }

  // The classes known to derive from this. Empty of one that was not made by MakeClass.
  const DerivedClasses& derived_classes() const { return derived_; }
  // Makes this class, of C++ type `type`, known to its bases. Within a Definition. `info` is this,
  // and is never destroyed.
  void TellBases(const std::type_info& type, const std::shared_ptr<const ClassInfo>* info) const;

  // Whether Python hashes its objects: not where __eq__ came without __hash__ in the same class.
  bool is_hashable() const { return FindHashability().value_or(true); }

 private:
  struct Base {
    std::shared_ptr<const ClassInfo> info;
    Upcast upcast;
    Downcast downcast;
  };
  // Ends the program if something is wrong with it; sees to it that what it needs is made.
  void Prepare(const Member& member) const;
  void AddShared(std::shared_ptr<const Member> member);
  // That a class somewhere below this one has become known.
  void ForgetDerived() const;
  // None: neither the class nor a base says anything.
  std::optional<bool> FindHashability() const;

  std::string name_;
  int64_t class_id_;
  std::string doc_;
  // Of the class itself, not inherited.
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
  // Of a read-only class: what it shows.
  const ClassInfo* original_ = nullptr;
  // Made at most once, within a Definition.
  mutable std::unique_ptr<const ClassInfo> read_only_owner_;
  mutable std::atomic<const ClassInfo*> read_only_{nullptr};
};

// Where the one ClassInfo of a C++ type is kept, for ever, once it has been made.
using ClassSlot = std::atomic<const std::shared_ptr<const ClassInfo>*>;

// How it is made.
struct ClassRecipe {
  const std::type_info& type;
  std::string (*name)();
  void (*expose)(ClassInfo* info);  // the user's RpycExpose
};

// Makes it, unless another thread has; with it all the classes that its members name.
const std::shared_ptr<const ClassInfo>& MakeClass(const ClassRecipe& recipe, ClassSlot* slot);

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_INFO_H_
