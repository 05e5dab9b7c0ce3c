#include "rpyc/bind/member.h"

#include "absl/strings/match.h"

namespace rpyc {

bool Member::is_special() const {
  return name.size() > 4 && absl::StartsWith(name, "__") && absl::EndsWith(name, "__");
}

AttributePresence Member::Presence() const {
  const bool exposed = visibility == Visibility::kExposed;
  if (is_special()) return {.exposed = false, .plain = true, .special = exposed};
  return {.exposed = exposed, .plain = !exposed};
}

}  // namespace rpyc
