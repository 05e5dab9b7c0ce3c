#ifndef RPYC_BIND_MEMBER_H_
#define RPYC_BIND_MEMBER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/bind/signature.h"
#include "rpyc/call_context.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

class ClassInfo;

enum class MemberKind { kMethod, kProperty };

// Who sees a member: the peer by its access rules for exposed_prefix + name, or for plain names.
enum class Visibility { kExposed, kPublic };

// Told to a body that is one of several overloads.
struct ArgumentMismatch {
  bool found = false;  // an argument could not be converted, so that nothing was called
};

// What the body of a member runs on.
struct MemberCall {
  const CallContext& context;
  const std::shared_ptr<void>& self;  // of the class the member was made for; null if it needs none
  Object* object = nullptr;           // what Python sees of it
  ArgumentMismatch* mismatch = nullptr;  // null: the body is no overload
};

struct Member;
// Runs user code. `args` are one for each parameter and may be moved from. May throw what user code
// throws: see Invoke.
using MemberBody = std::function<absl::StatusOr<Value>(const Member& member, const MemberCall& call,
                                                       absl::Span<Value> args)>;

// Makes a class, or finds it made: ClassOf<T>.
using ClassGetter = const std::shared_ptr<const ClassInfo>& (*)();

// One thing that an exposed class shows to Python, types erased.
struct Member {
  std::string name;
  std::string doc;
  MemberKind kind = MemberKind::kMethod;
  Visibility visibility = Visibility::kExposed;
  Signature signature;  // of a property: its return_type
  bool needs_object = false;
  // Whether the body may change the object: C++ does not call it on a const one.
  bool may_change_object = false;
  MemberBody body;     // of a property: its getter
  MemberBody setter;   // of a property: takes the new value; empty if it is read-only
  MemberBody deleter;  // of a property: empty if it cannot be deleted

  // Several functions of this name, in the order exposed, among which the body chooses; empty: one.
  std::vector<std::shared_ptr<const Member>> overloads;

  // Adds the exposed classes that occur in the C++ types; null: none do.
  void (*add_classes)(std::vector<ClassGetter>* classes) = nullptr;
  // The class that this holds, or null.
  ClassGetter held_class = nullptr;
  // What is wrong with it, in words; empty: nothing is.
  std::string mistake;

  // A special method: Python looks it up on the class.
  bool is_special() const;
  // How an object carries it.
  AttributePresence Presence() const;
};

}  // namespace rpyc

#endif  // RPYC_BIND_MEMBER_H_
