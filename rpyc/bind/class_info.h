#ifndef RPYC_BIND_CLASS_INFO_H_
#define RPYC_BIND_CLASS_INFO_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/bind/signature.h"
#include "rpyc/call_context.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

enum class MemberKind { kMethod, kProperty };

// Who sees a member: the peer by its access rules for exposed_prefix + name, or for plain names.
enum class Visibility { kExposed, kPublic };

// What the body of a member runs on.
struct MemberCall {
  const CallContext& context;
  const std::shared_ptr<void>& self;  // of the class the member was made for; null if it needs none
  Object* object = nullptr;           // what Python sees of it
};

struct Member;
// Runs user code. `args` are one for each parameter and may be moved from. May throw what user code
// throws: see Invoke.
using MemberBody = std::function<absl::StatusOr<Value>(const Member& member, const MemberCall& call,
                                                       absl::Span<Value> args)>;

// One thing that an exposed class shows to Python, types erased.
struct Member {
  std::string name;
  std::string doc;
  MemberKind kind = MemberKind::kMethod;
  Visibility visibility = Visibility::kExposed;
  Signature signature;  // of a property: its return_type
  bool needs_object = false;
  MemberBody body;     // of a property: its getter
  MemberBody setter;   // of a property: takes the new value; empty if it is read-only
  MemberBody deleter;  // of a property: empty if it cannot be deleted

  // A special method: Python looks it up on the class.
  bool is_special() const;
  // How an object carries it.
  AttributePresence Presence() const;
};

// A pointer to an object of a class as one to its base; null where the two are the same address.
using Upcast = std::shared_ptr<void> (*)(const std::shared_ptr<void>& self);

// What Python sees of a C++ class. Built once, then immutable and shared by all its objects.
class ClassInfo {
 public:
  // `name` as Python shows it, "cpp.Account". The first component must not be a Python module.
  explicit ClassInfo(absl::string_view name);

  const std::string& name() const { return name_; }
  int64_t class_id() const { return class_id_; }
  const std::string& doc() const { return doc_; }
  void set_doc(absl::string_view doc) { doc_ = std::string(doc); }

  // Adds a member; one of the same name is replaced.
  void Add(Member member);
  // Inherits: the base's members that have no other of their name, its hooks, and its docstring if
  // there is none. Of two bases the one added first wins, as in Python.
  void AddBase(std::shared_ptr<const ClassInfo> base, Upcast upcast);
  const Member* Find(absl::string_view name) const;  // nullptr if there is none
  // In the order added.
  const std::vector<std::shared_ptr<const Member>>& members() const { return members_; }

  // What calling the class does; nullptr if it cannot be called.
  const Member* init() const { return init_.get(); }
  void set_init(Member init) { init_ = std::make_shared<const Member>(std::move(init)); }

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
  // Whether Python hashes its objects: not where __eq__ came without __hash__ in the same class.
  bool is_hashable() const { return FindHashability().value_or(true); }

 private:
  struct Base {
    std::shared_ptr<const ClassInfo> info;
    Upcast upcast;
  };
  void AddShared(std::shared_ptr<const Member> member);
  // None: neither the class nor a base says anything.
  std::optional<bool> FindHashability() const;

  std::string name_;
  int64_t class_id_;
  std::string doc_;
  // Of the class itself, not inherited.
  bool has_own_eq_ = false;
  bool has_own_hash_ = false;
  std::vector<Base> bases_;
  std::vector<std::shared_ptr<const Member>> members_;
  absl::flat_hash_map<std::string, const Member*> by_name_;
  std::shared_ptr<const Member> init_;
  Hooks on_connect_;
  Hooks on_disconnect_;
};

}  // namespace rpyc

#endif  // RPYC_BIND_CLASS_INFO_H_
