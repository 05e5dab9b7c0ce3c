#include "rpyc/bind/invoke.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/bind/translation.h"
#include "rpyc/cast/cast.h"
#include "rpyc/errors.h"
#include "rpyc/fiber.h"

namespace rpyc {
namespace {

constexpr int kMaxCauses = 20;

// Translates an exception for which ToStatusWithoutCause has no row. Call this and the next three
// functions only from a catch block.
absl::Status ToStatusOfOtherException(const ErrorTranslations* translations,
                                      absl::string_view message) {
  if (translations != nullptr) {
    if (std::optional<absl::Status> named = translations->FindGeneral()) return *std::move(named);
  }
  return PyStatus("RuntimeError", message);
}

// Returns the exception that is being handled as Python's, without its cause.
absl::Status ToStatusWithoutCause(const ErrorTranslations* translations) {
  if (translations != nullptr) {
    if (std::optional<absl::Status> named = translations->FindSpecific()) return *std::move(named);
  }
  try {
    throw;
  } catch (const PyError& e) {
    return PyStatus(e.exception());
  } catch (const std::invalid_argument& e) {
    return PyStatus("ValueError", e.what());
  } catch (const std::domain_error& e) {
    return PyStatus("ValueError", e.what());
  } catch (const std::length_error& e) {
    return PyStatus("ValueError", e.what());
  } catch (const std::range_error& e) {
    return PyStatus("ValueError", e.what());
  } catch (const std::out_of_range& e) {
    return PyStatus("IndexError", e.what());
  } catch (const std::overflow_error& e) {
    return PyStatus("OverflowError", e.what());
  } catch (const std::bad_alloc&) {
    return PyStatus("MemoryError", "out of memory");
  } catch (const std::system_error& e) {
    return PyStatus(RemoteException{
        .name = "OSError",
        .args = {Value(e.code().value()), Value(e.what())},
        .attributes = {{"errno", Value(e.code().value())}, {"strerror", Value(e.what())}}});
  } catch (const std::exception& e) {
    return ToStatusOfOtherException(translations, e.what());
  } catch (...) {
    return ToStatusOfOtherException(translations, "a C++ exception of unknown type");
  }
}

// Returns the exception that std::throw_with_nested nested in the one being handled, or null.
std::exception_ptr NestedException() {
  try {
    throw;
  } catch (const std::nested_exception& e) {
    return e.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

// Returns the exception that is being handled as Python's, with its causes in the traceback.
absl::Status ToStatus(const ErrorTranslations* translations, int causes = 0) {
  absl::Status status = ToStatusWithoutCause(translations);
  const std::exception_ptr cause = causes < kMaxCauses ? NestedException() : nullptr;
  if (cause == nullptr) return status;
  RemoteException exception = ToException(status);
  // An exception that a peer raised keeps the peer's traceback apart.
  std::optional<std::string> remote = std::exchange(exception.remote_traceback, std::nullopt);
  try {
    std::rethrow_exception(cause);
  } catch (...) {
    exception.traceback =
        absl::StrCat(ToException(ToStatus(translations, causes + 1)).TracebackText(),
                     "\nThe above exception was the direct cause of the following exception:\n\n",
                     exception.TracebackText());
  }
  exception.remote_traceback = std::move(remote);
  return PyStatus(std::move(exception));
}

template <size_t kSize>
bool IsOneOf(absl::string_view name, const absl::string_view (&names)[kSize]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Returns whether the operator `name` leaves an operand that it does not take to the other operand,
// as Python's operators do. A comparison also leaves to it a number that the C++ type cannot hold.
bool LeavesToOther(absl::string_view name, const absl::Status& error) {
  constexpr absl::string_view kComparisons[] = {"eq", "ge", "gt", "le", "lt", "ne"};
  constexpr absl::string_view kArithmetic[] = {"add",    "and", "divmod",  "floordiv", "lshift",
                                               "matmul", "mod", "mul",     "or",       "pow",
                                               "rshift", "sub", "truediv", "xor"};
  if (!absl::ConsumePrefix(&name, "__") || !absl::ConsumeSuffix(&name, "__")) return false;
  if (IsOneOf(name, kComparisons)) return true;
  if (!IsPyStatus(error, "TypeError")) return false;
  // The reflected (__radd__) and the in-place (__iadd__) forms count too.
  return IsOneOf(name, kArithmetic) || (!name.empty() && (name[0] == 'r' || name[0] == 'i') &&
                                        IsOneOf(name.substr(1), kArithmetic));
}

}  // namespace

absl::StatusOr<Value> Invoke(const Member& member, const MemberBody& body, const MemberCall& call,
                             absl::Span<Value> args) {
  const Fiber::Running running(member.name);
  try {
    absl::StatusOr<Value> result = body(member, call, args);
    if (result.ok() || IsPyStatus(result.status())) return result;
    return PyStatus(ToException(result.status()));
  } catch (...) {
    return ToStatus(call.context.translations());
  }
}

absl::StatusOr<Value> BindAndInvoke(const Member& member, const MemberCall& call, CallArgs args) {
  absl::StatusOr<std::vector<Value>> bound =
      BindArguments(member.name, member.signature, std::move(args));
  if (!bound.ok()) return bound.status();
  return Invoke(member, member.body, call, absl::MakeSpan(*bound));
}

absl::Status Guarded(absl::FunctionRef<void()> user_code, const ErrorTranslations* translations) {
  try {
    user_code();
    return absl::OkStatus();
  } catch (...) {
    return ToStatus(translations);
  }
}

absl::StatusOr<Value> ArgumentError(const Member& member, const MemberCall& call, size_t index,
                                    const absl::Status& error) {
  // The peer itself raised this error.
  if (ToException(error).remote_traceback.has_value()) return error;
  if (call.mismatch != nullptr) {
    call.mismatch->found = IsPyStatus(error, "TypeError") || IsPyStatus(error, "ValueError") ||
                           IsPyStatus(error, "OverflowError");
  }
  if (LeavesToOther(member.name, error)) return Value(NotImplemented());
  std::string where;
  if (member.kind == MemberKind::kProperty) {
    where = absl::StrCat("attribute '", member.name, "'");
  } else {
    const std::string& name = member.signature.parameters[index].name;
    where = absl::StrCat(member.name, "() argument ",
                         name.empty() ? absl::StrCat(index + 1) : absl::StrCat("'", name, "'"));
  }
  return ErrorAt(where, error);
}

absl::StatusOr<Value> SelfResult(const MemberCall& call, const void* returned) {
  if (returned != call.self.get()) {
    return PyStatus("RuntimeError",
                    "a C++ function returned a reference to another object than its own; it must "
                    "return a std::shared_ptr");
  }
  return Value(call.object->shared_from_this());
}

}  // namespace rpyc
