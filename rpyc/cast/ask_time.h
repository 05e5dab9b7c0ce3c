#ifndef RPYC_CAST_ASK_TIME_H_
#define RPYC_CAST_ASK_TIME_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

// What Python's datetime module holds, which comes by reference. Asked by what every client lets be
// asked, so that no settings are needed.
namespace rpyc::cast_internal {

// The length of a datetime.timedelta; none: `value` is another object.
absl::StatusOr<std::optional<absl::Duration>> AskTimedelta(const CallContext& context,
                                                           const Value& value);

// The moment of a datetime.datetime with a time zone, or of a pandas.Timestamp with one; none:
// `value` is another object.
// Errors:  TypeError - it has no time zone, so that only its owner knows which moment it is.
absl::StatusOr<std::optional<absl::Time>> AskDatetime(const CallContext& context,
                                                      const Value& value);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_ASK_TIME_H_
