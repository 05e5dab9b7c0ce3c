#ifndef RPYC_CAST_ASK_TIME_H_
#define RPYC_CAST_ASK_TIME_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpyc/call_context.h"
#include "rpyc/value.h"

// These functions return what objects of Python's datetime module hold, which come by reference.
// They ask only what every client allows, so no settings are needed.
namespace rpyc::cast_internal {

// Returns the length of a datetime.timedelta, or nothing if `value` is another object.
absl::StatusOr<std::optional<absl::Duration>> AskTimedelta(const CallContext& context,
                                                           const Value& value);

// Returns the moment of a datetime.datetime or pandas.Timestamp with a time zone, or nothing if
// `value` is another object.
// Errors:  TypeError - it has no time zone, so that only its owner knows which moment it is.
absl::StatusOr<std::optional<absl::Time>> AskDatetime(const CallContext& context,
                                                      const Value& value);

}  // namespace rpyc::cast_internal

#endif  // RPYC_CAST_ASK_TIME_H_
