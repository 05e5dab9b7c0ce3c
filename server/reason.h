#ifndef RPYC_SERVER_REASON_H_
#define RPYC_SERVER_REASON_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Why the control plane said no: what google.rpc.ErrorInfo carries, attached to a Status so that
// every door (flags, gRPC) reports the same. The reasons are the contract's upper-case names.
struct Reason {
  std::string reason;                           // "SERVER_NOT_FOUND"
  std::map<std::string, std::string> metadata;  // e.g. {"field", "spec.nbthreads"}
};

// A Status with a reason. `message` names the object.
absl::Status ReasonStatus(absl::StatusCode code, absl::string_view reason,
                          absl::string_view message,
                          std::map<std::string, std::string> metadata = {});
// INVALID_ARGUMENT, INVALID_FIELD, metadata field = `field` ("spec.port").
absl::Status InvalidField(absl::string_view field, absl::string_view message);

// Gives an error of rpyc/transport, met when resolving or listening, its reason: ADDRESS_IN_USE,
// BIND_NOT_PERMITTED, LIMIT_EXCEEDED or INVALID_FIELD, and `field`, which says where to listen; of
// the first two it is `port_field`, if there is one. Others stay as they are, as do those that have
// one.
absl::Status WithListenReason(const absl::Status& status, absl::string_view field,
                              absl::string_view port_field = "");

// The reason attached to `status`; an empty one if there is none.
Reason GetReason(const absl::Status& status);

}  // namespace rpyc

#endif  // RPYC_SERVER_REASON_H_
