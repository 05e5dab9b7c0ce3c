#ifndef RPYC_SERVER_ADMIN_SPEC_H_
#define RPYC_SERVER_ADMIN_SPEC_H_

#include "absl/status/statusor.h"
#include "rpyc/admin/v1/server.pb.h"
#include "server/server_options.h"

namespace rpyc {

// The plain form of a ServerSpec. Every field is honoured, or refused by its name. Server::Start
// checks what plain options can be wrong about too, for example the kind.
// Errors:  INVALID_FIELD - out of range, or means nothing here; NOT_SUPPORTED. Both name the field:
//          "spec.limits.max_nesting".
absl::StatusOr<ServerOptions> OptionsFromSpec(const admin::v1::ServerSpec& spec);

// The spec of which OptionsFromSpec makes `options`; every known default is filled in.
admin::v1::ServerSpec SpecFromOptions(const ServerOptions& options);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_SPEC_H_
