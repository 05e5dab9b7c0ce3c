#ifndef RPYC_SERVER_OPTION_CHECKS_H_
#define RPYC_SERVER_OPTION_CHECKS_H_

#include "absl/status/status.h"
#include "server/server_kind.h"
#include "server/server_options.h"

namespace rpyc {

// Checks all options except for where to listen (listen_address.h), and fills in the defaults.
// Errors:  INVALID_FIELD - an option is out of range, means nothing beside another, or does not
//          exist for this kind. The message names the first such option.
absl::Status CheckOptions(const ServerKindInfo& kind, ServerOptions* options);

}  // namespace rpyc

#endif  // RPYC_SERVER_OPTION_CHECKS_H_
