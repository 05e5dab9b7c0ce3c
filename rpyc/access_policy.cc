#include "rpyc/access_policy.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// The names are sorted.
// Source:  RPyC core/protocol.py, DEFAULT_CONFIG["safe_attrs"], 5.3.1 and 6.0.2.
constexpr absl::string_view kSafeAttrs[] = {
    "__abs__",      "__add__",       "__and__",         "__bool__",     "__cmp__",
    "__contains__", "__delitem__",   "__delslice__",    "__div__",      "__divmod__",
    "__doc__",      "__enter__",     "__eq__",          "__exit__",     "__float__",
    "__floordiv__", "__format__",    "__ge__",          "__getitem__",  "__getslice__",
    "__gt__",       "__hash__",      "__hex__",         "__iadd__",     "__iand__",
    "__idiv__",     "__ifloordiv__", "__ilshift__",     "__imod__",     "__imul__",
    "__index__",    "__int__",       "__invert__",      "__ior__",      "__ipow__",
    "__irshift__",  "__isub__",      "__iter__",        "__itruediv__", "__ixor__",
    "__le__",       "__len__",       "__length_hint__", "__long__",     "__lshift__",
    "__lt__",       "__mod__",       "__mul__",         "__ne__",       "__neg__",
    "__new__",      "__next__",      "__nonzero__",     "__oct__",      "__or__",
    "__pos__",      "__pow__",       "__radd__",        "__rand__",     "__rdiv__",
    "__rdivmod__",  "__repr__",      "__rfloordiv__",   "__rlshift__",  "__rmod__",
    "__rmul__",     "__ror__",       "__rpow__",        "__rrshift__",  "__rshift__",
    "__rsub__",     "__rtruediv__",  "__rxor__",        "__setitem__",  "__setslice__",
    "__str__",      "__sub__",       "__truediv__",     "__xor__",      "next",
};
static_assert(std::size(kSafeAttrs) == 80);
static_assert(std::is_sorted(std::begin(kSafeAttrs), std::end(kSafeAttrs)));

bool Allowed(const ProtocolConfig& config, Access access) {
  switch (access) {
    case Access::kGet:
      return config.allow_getattr;
    case Access::kSet:
      return config.allow_setattr;
    case Access::kDelete:
      return config.allow_delattr;
  }
  return false;
}

bool IsSafe(const ProtocolConfig& config, absl::string_view name) {
  return config.safe_attrs ? config.safe_attrs->contains(name) : IsSafeAttr(name);
}

// Whether a peer may have what is called `name` itself, if there is such a thing.
bool PlainOk(const ProtocolConfig& config, absl::string_view name) {
  return config.allow_all_attrs ||
         (config.allow_exposed_attrs && absl::StartsWith(name, config.exposed_prefix)) ||
         (config.allow_safe_attrs && IsSafe(config, name)) ||
         (config.allow_public_attrs && !absl::StartsWith(name, "_"));
}

// Whether a peer may have the special methods that a C++ class exposes and RPyC's safe_attrs lack:
// to expose __reversed__ means to show it, but never to peers whose safe attrs are narrower.
bool SpecialOk(const ProtocolConfig& config) {
  return config.allow_safe_attrs && !config.safe_attrs.has_value();
}

// The outcome for a name that an object's own rule refuses. What the object exposes as x answers to
// prefix + x too, if the rule lets x through.
absl::StatusOr<AttributeRef> UnderPrefix(const ProtocolConfig& config, Access access,
                                         absl::string_view name, const Object& object,
                                         absl::StatusOr<AttributeRef> refused) {
  const absl::string_view prefix = config.exposed_prefix;
  if (prefix.empty() || !absl::ConsumePrefix(&name, prefix)) return refused;
  auto own = object.OwnRule(access, name);
  return own && own->ok() && (*own)->exposed ? *std::move(own) : refused;
}

}  // namespace

bool IsSafeAttr(absl::string_view name) {
  return std::binary_search(std::begin(kSafeAttrs), std::end(kSafeAttrs), name);
}

absl::Status AccessDenied(absl::string_view name) {
  return PyStatus("AttributeError", absl::StrCat("cannot access '", name, "'"));
}

absl::StatusOr<AttributeRef> ResolveAttribute(const ProtocolConfig& config, Access access,
                                              absl::string_view name, const Object& object) {
  if (auto own = object.OwnRule(access, name))
    return own->ok() ? *own : UnderPrefix(config, access, name, object, *std::move(own));
  if (!Allowed(config, access)) return AccessDenied(name);
  const absl::string_view prefix = config.exposed_prefix;
  if (!object.origin_id_pack().empty()) {
    // The owner applies its own rules to what it is asked for, after ours.
    if (PlainOk(config, name)) return AttributeRef{name, /*exposed=*/false};
    if (!config.allow_exposed_attrs || prefix.empty()) return AccessDenied(name);
    return AttributeRef{name, /*exposed=*/true, prefix};
  }
  const AttributePresence presence = object.Has(name);
  const bool plain_ok = PlainOk(config, name) || (presence.special && SpecialOk(config));
  // An object of ours has "exposed_x" exactly if it exposes x.
  const bool prefixed = absl::StartsWith(name, prefix);
  const absl::string_view bare = prefixed ? name.substr(prefix.size()) : name;
  const bool names_exposed = prefixed && object.Has(bare).exposed;

  const bool has_name = presence.plain || names_exposed;
  const bool has_exposed = config.allow_exposed_attrs && !prefix.empty() && presence.exposed;
  if (has_exposed && !(plain_ok && has_name)) return AttributeRef{name, /*exposed=*/true};
  if (!plain_ok) return AccessDenied(name);
  if (names_exposed) return AttributeRef{bare, /*exposed=*/true};
  return AttributeRef{name, /*exposed=*/false};
}

}  // namespace rpyc
