#ifndef RPYC_CAST_NETREF_H_
#define RPYC_CAST_NETREF_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "rpyc/call_context.h"
#include "rpyc/cast/cast.h"
#include "rpyc/cast/return_policy.h"
#include "rpyc/netref.h"
#include "rpyc/value.h"

namespace rpyc {

// Takes anything, which can then be asked. When it goes out it is the same value again; a Netref
// that stands for an error throws it.
template <>
struct Cast<Netref> {
  static absl::StatusOr<Netref> From(const CallContext& context, Value& value) {
    return Netref(std::move(value), context);
  }
  static Value To(const Netref& netref) { return netref.as<Value>(); }
  static std::string Name() { return ""; }
};

namespace cast_internal {

// If a Netref is the whole result, its error is the error of the call.
template <>
struct Returned<ReturnPolicy::Default, Netref> {
  static absl::StatusOr<Value> To(const CallContext&, const Netref& netref) {
    return netref.value();
  }
  static std::string Name() { return ""; }
};

}  // namespace cast_internal
}  // namespace rpyc

#endif  // RPYC_CAST_NETREF_H_
