#ifndef RPYC_SERVER_REASON_H_
#define RPYC_SERVER_REASON_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rpyc/cpp20.h"

namespace rpyc {

// Why the control plane refused something: the contents of google.rpc.ErrorInfo. It is attached to
// a Status, so that command line and gRPC report the same. docs/admin-api.md lists the reasons.
struct Reason {
  std::string reason;                           // "SERVER_NOT_FOUND"
  std::map<std::string, std::string> metadata;  // e.g. {"field", "spec.nbthreads"}
};

// Makes a Status with a reason. `message` names the object.
absl::Status ReasonStatus(absl::StatusCode code, absl::string_view reason,
                          absl::string_view message,
                          std::map<std::string, std::string> metadata = {});
// Makes an INVALID_ARGUMENT with the reason INVALID_FIELD and the metadata field = `field`, for
// example "spec.port".
absl::Status InvalidField(absl::string_view field, absl::string_view message);
// Refuses a value of `field` that is not within `min` and `max`.
// Errors:  INVALID_FIELD.
absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min, int64_t max);
// Says that the host is closing: UNAVAILABLE with the reason HOST_CLOSING.
absl::Status HostClosing();

// The same error with another message; it keeps its reason.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

// Gives an error that rpyc/transport returned from resolving or listening its reason:
// ADDRESS_IN_USE, BIND_NOT_PERMITTED, LIMIT_EXCEEDED or INVALID_FIELD. The metadata names `field`,
// which says where to listen; for the first two reasons it names `port_field` if that is given.
// Other errors, and those that have a reason, are returned unchanged.
absl::Status WithListenReason(const absl::Status& status, absl::string_view field,
                              absl::string_view port_field = "");

// The reason attached to `status`; it is empty if there is none.
Reason GetReason(const absl::Status& status);

}  // namespace rpyc

#endif  // RPYC_SERVER_REASON_H_
