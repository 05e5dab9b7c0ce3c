#ifndef RPYC_SERVER_ADMIN_COALESCE_H_
#define RPYC_SERVER_ADMIN_COALESCE_H_

#include <vector>

#include "registry/registration.h"

namespace rpyc {

// Merges the changes of each registration into one, for a watcher that is behind. A registration
// that was added and removed again is left out; one that was removed and added again counts as
// refreshed. The result has the order of each registration's last change.
std::vector<RegistrationChange> Coalesce(const std::vector<RegistrationChange>& changes);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_COALESCE_H_
