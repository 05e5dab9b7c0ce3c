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

// Runs `body`, one of the member's; `args` are in the order of its parameters. This and Guarded are
// the one door through which user code's exceptions become Python's:
//   what the service translates (Service::Translate) goes out as it says;
//   PyError goes out exactly as named; invalid_argument, domain_error, length_error and range_error
//   are ValueError, out_of_range IndexError, overflow_error OverflowError, bad_alloc MemoryError,
//   filesystem and system errors OSError, everything else RuntimeError.
// What it was thrown from, by std::throw_with_nested, is told in the traceback.
// Errors:  always a PyStatus.
absl::StatusOr<Value> Invoke(const Member& member, const MemberBody& body, const MemberCall& call,
                             absl::Span<Value> args);

// Calls a method: puts `args` in the order of its parameters first.
absl::StatusOr<Value> BindAndInvoke(const Member& member, const MemberCall& call, CallArgs args);

// Runs any other piece of user code behind the same door. `translations` may be null.
absl::Status Guarded(absl::FunctionRef<void()> user_code,
                     const ErrorTranslations* translations = nullptr);

// The outcome of a call to `member` whose argument `index` could not be converted: an error in
// words, "add() argument 'a': expected int, got str"; of a binary operator NotImplemented, so that
// Python asks the other operand. An overload is told that another one may fit; not so where the
// peer itself raised the error, or did not answer.
absl::StatusOr<Value> ArgumentError(const Member& member, const MemberCall& call, size_t index,
                                    const absl::Status& error);

// The outcome of a member that returned a reference to its own class: the object itself, which
// `returned` must be.
absl::StatusOr<Value> SelfResult(const MemberCall& call, const void* returned);

}  // namespace rpyc

#endif  // RPYC_BIND_INVOKE_H_
