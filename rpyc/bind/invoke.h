#ifndef RPYC_BIND_INVOKE_H_
#define RPYC_BIND_INVOKE_H_

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/bind/class_info.h"
#include "rpyc/value.h"

namespace rpyc {

class ErrorTranslations;

// Runs `body`, one of the member's functions; `args` are in the order of its parameters. Only this
// and Guarded turn the exceptions of user code into Python's:
//   an exception that the service translates (Service::Translate) goes out as it says;
//   PyError goes out exactly as named; invalid_argument, domain_error, length_error and range_error
//   are ValueError, out_of_range IndexError, overflow_error OverflowError, bad_alloc MemoryError,
//   filesystem and system errors OSError, everything else RuntimeError.
// The traceback tells the exception that std::throw_with_nested nested in it.
// Errors:  always a PyStatus.
absl::StatusOr<Value> Invoke(const Member& member, const MemberBody& body, const MemberCall& call,
                             absl::Span<Value> args);

// Calls a method; it first puts `args` in the order of the parameters.
absl::StatusOr<Value> BindAndInvoke(const Member& member, const MemberCall& call, CallArgs args);

// Runs any other user code and converts its exceptions in the same way. `translations` may be null.
absl::Status Guarded(absl::FunctionRef<void()> user_code,
                     const ErrorTranslations* translations = nullptr);

// Returns the outcome of a call to `member` whose argument `index` could not be converted. It is an
// error such as "add() argument 'a': expected int, got str"; for a binary operator it is
// NotImplemented, so that Python asks the other operand. It tells an overload that another function
// may fit, unless the peer itself raised the error or did not answer.
absl::StatusOr<Value> ArgumentError(const Member& member, const MemberCall& call, size_t index,
                                    const absl::Status& error);

// Returns the outcome of a member that returned a reference to its own class: the object itself,
// which `returned` must be.
absl::StatusOr<Value> SelfResult(const MemberCall& call, const void* returned);

}  // namespace rpyc

#endif  // RPYC_BIND_INVOKE_H_
