#ifndef RPYC_OBJECT_H_
#define RPYC_OBJECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

namespace rpyc {

// The arguments of one call, as the peer passed them.
struct CallArgs {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keyword;  // in the order sent; later ones win
};

enum class Access { kGet, kSet, kDelete };

// How an object carries a name, as a Python peer's access rules see it.
struct AttributePresence {
  bool exposed = false;  // it has exposed_prefix + name
  bool plain = false;    // it has name itself: a special method, a public attribute
  // It is plain, its class exposes it and its name is special, so that it counts as safe where the
  // configuration names no safe_attrs.
  bool special = false;
};

// A name to which the access rules were applied: it says which of the two the peer gets.
struct AttributeRef {
  absl::string_view name;  // without the exposed prefix
  bool exposed;
  // Set for a proxy: its owner is then asked for prefix + name.
  absl::string_view prefix = {};
};

// A thing that travels by reference: one of ours that a peer may hold, or (NetrefObject) one of the
// peer's. Python sees an object of class type_name().
//
// Every operation returns a Python exception as a PyStatus; the defaults are those of Python's own
// `object`. The caller applies the access rules: these functions do not check them. `context` says
// which peer asks.
// Threads: the thread that serves the connection calls it. Many connections may hold one object, so
//          it guards its own state.
class Object : public std::enable_shared_from_this<Object> {
 public:
  virtual ~Object() = default;

  // "module.Class". Decides how a Python client treats the proxy, see docs/wire.md.
  virtual absl::string_view type_name() const = 0;
  // The id of its class, never used again, which the class itself has too: clients compare these
  // ids for isinstance.
  virtual int64_t class_id() const = 0;
  // Whether this is a class, whose instances have its class_id.
  virtual bool is_class() const { return false; }
  // Called of a class: isinstance(other, this).
  virtual absl::StatusOr<bool> HasInstance(const CallContext& context, const Object& other);
  // Two Objects that stand for the same thing have the same identity, and so the same id on the
  // wire while the peer holds either.
  virtual const void* identity() const { return this; }
  // Whether `other` stands for the same thing. Objects of different classes may share an identity.
  virtual bool IsSameAs(const Object& other) const { return identity() == other.identity(); }
  // The id_pack that the owner of another peer's object gave it, as on the wire. Empty: the object
  // is ours.
  virtual absl::string_view origin_id_pack() const { return {}; }

  virtual AttributePresence Has(absl::string_view name) const;
  // An object with access rules of its own answers here; the connection's are then not asked.
  // Source:  RPyC's _rpyc_getattr, _rpyc_setattr, _rpyc_delattr.
  virtual std::optional<absl::StatusOr<AttributeRef>> OwnRule(Access access,
                                                              absl::string_view name) const;
  virtual absl::StatusOr<Value> GetAttr(const CallContext& context, AttributeRef attribute);
  virtual absl::Status SetAttr(const CallContext& context, AttributeRef attribute, Value value);
  virtual absl::Status DelAttr(const CallContext& context, AttributeRef attribute);
  virtual absl::StatusOr<Value> Call(const CallContext& context, CallArgs args);
  // Does GetAttr, then Call, without the object in between.
  virtual absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                         CallArgs args);

  virtual absl::StatusOr<std::string> Str(const CallContext& context) { return Repr(context); }
  virtual absl::StatusOr<std::string> Repr(const CallContext& context);
  virtual absl::StatusOr<Value> Hash(const CallContext& context);
  // `op` is "__eq__" and so on, one of Python's six.
  virtual absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                        const Value& other);
  // Called of an iterator: returns its next items, at most `count`, perhaps fewer; none at its end.
  virtual absl::StatusOr<std::vector<Value>> NextItems(const CallContext& context, size_t count);
  // Names for dir(), sorted.
  virtual absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context);
  // Whether Call may be of use, as Python's callable() says.
  virtual absl::StatusOr<bool> IsCallable(const CallContext& context);
  // Ends a with statement that `exception` has left, or None: calls __exit__.
  virtual absl::StatusOr<Value> Exit(const CallContext& context, Value exception);
  // Special methods the peer's proxy class must have, each with its docstring.
  using Methods = std::vector<std::pair<std::string, std::optional<std::string>>>;
  virtual absl::StatusOr<Methods> SpecialMethods(const CallContext& context);
  // The exposed methods that are no special ones, without the prefix, each with its signature and
  // docstring: help() shows them, as it reads the proxy's class.
  virtual Methods ExposedMethods() const { return {}; }
};

// Returns a number for a new class or object that the process never gives twice. It is odd, so that
// it is no address: those are Python's ids.
int64_t NewObjectId();
// The class ids of what every program has; NewObjectId gives others.
inline constexpr int64_t kFunctionClassId = 1;
inline constexpr int64_t kSignatureClassId = 3;
inline constexpr int64_t kRestrictedClassId = 5;
inline constexpr int64_t kPropertyClassId = 7;
inline constexpr int64_t kCodeClassId = 9;
inline constexpr int64_t kNamesClassId = 11;
inline bool IsObjectIdOfOurs(int64_t id) { return id % 2 != 0; }

}  // namespace rpyc

#endif  // RPYC_OBJECT_H_
