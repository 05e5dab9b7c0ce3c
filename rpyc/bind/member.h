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

// Says which peers see a member: those whose access rules let them read exposed_prefix + name, or
// those that may read plain names.
enum class Visibility { kExposed, kPublic };

// A body that is one of several overloads reports its mismatch here.
struct ArgumentMismatch {
  bool found = false;  // an argument could not be converted, so nothing was called
};

// Holds what the body of a member runs on.
struct MemberCall {
  const CallContext& context;
  // It points to an object of the class that the member was made for; it is null if the member
  // needs no object.
  const std::shared_ptr<void>& self;
  Object* object = nullptr;              // what Python sees of the object
  ArgumentMismatch* mismatch = nullptr;  // null if the body is no overload
};

struct Member;
// Runs user code. `args` holds one value for each parameter and may be moved from. It may throw
// what user code throws (see Invoke).
using MemberBody = std::function<absl::StatusOr<Value>(const Member& member, const MemberCall& call,
                                                       absl::Span<Value> args)>;

// Makes a class, or finds it already made: it is a ClassOf<T>.
using ClassGetter = const std::shared_ptr<const ClassInfo>& (*)();

// Holds one thing that an exposed class shows to Python; its C++ types are erased.
struct Member {
  std::string name;
  std::string doc;
  MemberKind kind = MemberKind::kMethod;
  Visibility visibility = Visibility::kExposed;
  Signature signature;  // a property uses only the return_type
  bool needs_object = false;
  // Says whether the body may change the object; if so, C++ does not call it on a const one.
  bool may_change_object = false;
  MemberBody body;     // the getter of a property
  MemberBody setter;   // sets a property to the value passed; empty if it is read-only
  MemberBody deleter;  // deletes a property; empty if it cannot be deleted

  // Holds the functions of this name in the order exposed, if there are several; the body chooses
  // among them.
  std::vector<std::shared_ptr<const Member>> overloads;

  // Adds the exposed classes that occur in the C++ types; it is null if there are none.
  void (*add_classes)(std::vector<ClassGetter>* classes) = nullptr;
  // The class that this member holds, or null.
  ClassGetter held_class = nullptr;
  // Says in words what is wrong with the member; it is empty if nothing is.
  std::string mistake;

  // Returns whether this is a special method, which Python looks up on the class.
  bool is_special() const;
  // Returns in which forms an object has this attribute.
  AttributePresence Presence() const;
};

}  // namespace rpyc

#endif  // RPYC_BIND_MEMBER_H_
