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
  // Of a plain one: its class exposes it and its name is special, so that it counts as safe where
  // the configuration names no safe_attrs.
  bool special = false;
};

// A name after the access rules were applied: which of the two the peer gets.
struct AttributeRef {
  absl::string_view name;  // without the exposed prefix
  bool exposed;
  // For a proxy, whose owner is then asked for prefix + name.
  absl::string_view prefix = {};
};

// A thing that travels by reference: one of ours that a peer may hold, or (NetrefObject) one of the
// peer's. Python sees an object of class type_name().
//
// Every operation returns a Python exception as a PyStatus; the defaults are those of Python's own
// `object`. Access rules are the caller's business: these functions obey. `context` says who asks.
// Threads: called by the thread that serves the connection; one object may be held by many
// connections, so its own state is its own affair.
class Object : public std::enable_shared_from_this<Object> {
 public:
  virtual ~Object() = default;

  // "module.Class". Decides how a Python client treats the proxy, see docs/wire.md.
  virtual absl::string_view type_name() const = 0;
  // One id per class, never reused, of its instances and of the class itself: clients compare them
  // for isinstance.
  virtual int64_t class_id() const = 0;
  // Whether this is a class, whose instances have its class_id.
  virtual bool is_class() const { return false; }
  // For a class: isinstance(other, this).
  virtual absl::StatusOr<bool> HasInstance(const CallContext& context, const Object& other);
  // Two Objects that stand for the same thing have the same identity, and so the same id on the
  // wire while the peer holds either.
  virtual const void* identity() const { return this; }
  // Whether `other` stands for the same thing. Objects of different classes may share an identity.
  virtual bool IsSameAs(const Object& other) const { return identity() == other.identity(); }
  // Of a proxy: the id_pack that the object's owner gave it, as on the wire. Empty: ours.
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
  // GetAttr, then Call, without the object in between.
  virtual absl::StatusOr<Value> CallAttr(const CallContext& context, AttributeRef attribute,
                                         CallArgs args);

  virtual absl::StatusOr<std::string> Str(const CallContext& context) { return Repr(context); }
  virtual absl::StatusOr<std::string> Repr(const CallContext& context);
  virtual absl::StatusOr<Value> Hash(const CallContext& context);
  // `op` is "__eq__" and so on, one of Python's six.
  virtual absl::StatusOr<Value> Compare(const CallContext& context, absl::string_view op,
                                        const Value& other);
  // For an iterator: its next items, at most `count`; none at its end. May answer with fewer.
  virtual absl::StatusOr<std::vector<Value>> NextItems(const CallContext& context, size_t count);
  // Names for dir(), sorted.
  virtual absl::StatusOr<std::vector<std::string>> Dir(const CallContext& context);
  // Python's callable(): whether Call may be of use.
  virtual absl::StatusOr<bool> IsCallable(const CallContext& context);
  // The end of a with statement, left by `exception` or None: calls __exit__.
  virtual absl::StatusOr<Value> Exit(const CallContext& context, Value exception);
  // Special methods the peer's proxy class must have, each with its docstring.
  using Methods = std::vector<std::pair<std::string, std::optional<std::string>>>;
  virtual absl::StatusOr<Methods> SpecialMethods(const CallContext& context);
  // The exposed methods that are no special ones, without the prefix, each with its signature and
  // docstring: help() shows them, as it reads the proxy's class.
  virtual Methods ExposedMethods() const { return {}; }
};

// A process-wide number for a new class or object, never given twice. Always odd, so that it is no
// address, which is what Python has for ids.
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
