#ifndef RPYC_ACCESS_POLICY_H_
#define RPYC_ACCESS_POLICY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/object.h"
#include "rpyc/protocol_config.h"

namespace rpyc {

// Decides which attribute of `object` a peer gets that asks for `name`, if any: by the object's own
// rule if it has one, else by `config`. (An own rule that refuses prefix + x may let x through.)
// Special methods are plain attributes, as those of a Python class are: see SpecialOk in the source
// for those that RPyC's safe_attrs lack. `name` and `config` must outlive the result.
// What a proxy of another peer's object has is not known here: a name that may be had only as
// exposed is exposed in the result, with the prefix, and the object's owner must be asked.
// Errors:  a PyStatus, AttributeError "cannot access 'NAME'".
// Source:  RPyC core/protocol.py, Connection._check_attr and _access_attr, 5.3.1 and 6.0.2.
absl::StatusOr<AttributeRef> ResolveAttribute(const ProtocolConfig& config, Access access,
                                              absl::string_view name, const Object& object);

// The AttributeError "cannot access 'NAME'".
absl::Status AccessDenied(absl::string_view name);

// Whether `name` is in RPyC's default safe_attrs.
bool IsSafeAttr(absl::string_view name);

}  // namespace rpyc

#endif  // RPYC_ACCESS_POLICY_H_
