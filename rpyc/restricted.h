#ifndef RPYC_RESTRICTED_H_
#define RPYC_RESTRICTED_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpyc/cast/object.h"
#include "rpyc/object.h"
#include "rpyc/value.h"

namespace rpyc {

// Wraps `object` so that it shows the attributes `attrs` and no others, whatever the connection's
// configuration allows. Those in `wattrs` may be set; if it is not given, all may.
//
//   c.Expose("guest", [](std::shared_ptr<Account> self) {
//     return rpyc::Restricted(self, {"balance", "deposit"}, std::vector<std::string>{});
//   });
//
// What the object exposes answers to its name with the exposed prefix too.
// Special methods may be among them, but are reached as attributes only: len() does not see them.
// Source:  RPyC utils/helpers.py, restricted, 5.3.1 and 6.0.2.
Value Restricted(std::shared_ptr<Object> object, std::vector<std::string> attrs,
                 std::optional<std::vector<std::string>> wattrs = std::nullopt);

template <Exposed T>
Value Restricted(std::shared_ptr<T> object, std::vector<std::string> attrs,
                 std::optional<std::vector<std::string>> wattrs = std::nullopt) {
  Value value = Cast<std::shared_ptr<T>>::To(std::move(object));
  if (value.AsObject() == nullptr) return value;
  return Restricted(*value.AsObject(), std::move(attrs), std::move(wattrs));
}

}  // namespace rpyc

#endif  // RPYC_RESTRICTED_H_
