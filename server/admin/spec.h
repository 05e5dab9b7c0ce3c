#ifndef RPYC_SERVER_ADMIN_SPEC_H_
#define RPYC_SERVER_ADMIN_SPEC_H_

#include "absl/status/statusor.h"
#include "rpyc/admin/v1/server.pb.h"
#include "server/server_options.h"

namespace rpyc {

// The plain form of a ServerSpec. Every field of it is honoured or refused by name.
// Errors:  INVALID_FIELD - out of range, or means nothing here; NOT_SUPPORTED. Both name the field:
//          "spec.limits.max_nesting". What plain options can be wrong about, an unknown kind or an
//          option of another for one, is left to Server::Start.
absl::StatusOr<ServerOptions> OptionsFromSpec(const admin::v1::ServerSpec& spec);

// The spec that gives `options` back, with every default it knows filled in.
admin::v1::ServerSpec SpecFromOptions(const ServerOptions& options);

}  // namespace rpyc

#endif  // RPYC_SERVER_ADMIN_SPEC_H_
