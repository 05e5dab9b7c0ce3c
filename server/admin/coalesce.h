#ifndef RPYC_SERVER_ADMIN_COALESCE_H_
#define RPYC_SERVER_ADMIN_COALESCE_H_

#include <vector>

#include "registry/registration.h"

namespace rpyc {

// Puts the changes of each registration together, for a watcher who is behind: what has come and
// gone is left out, what has gone and come is refreshed. In the order of the last change of each.
std::vector<RegistrationChange> Coalesce(const std::vector<RegistrationChange>& changes);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_COALESCE_H_
