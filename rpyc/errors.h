#ifndef RPYC_ERRORS_H_
#define RPYC_ERRORS_H_

#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/value.h"
#include "rpyc/vinegar.h"

namespace rpyc {

// --- Python exceptions inside a Status: what library code and StatusOr methods use. ---

// A Status that stands for the Python exception builtins.`python_class`(`message`). Its code is the
// nearest one (ValueError -> kInvalidArgument, KeyError -> kNotFound, ...).
absl::Status PyStatus(absl::string_view python_class, absl::string_view message);
// A Status that stands for `exception`, with its whole content.
absl::Status PyStatus(RemoteException exception);

// Whether `status` was made by PyStatus; any other error is a plain failure.
bool IsPyStatus(const absl::Status& status);
// Whether it stands for builtins.`python_class` itself.
bool IsPyStatus(const absl::Status& status, absl::string_view python_class);

// The Python exception a non-OK status stands for: itself if made by PyStatus, else by code:
// kInvalidArgument ValueError, kNotFound KeyError, kOutOfRange IndexError, kPermissionDenied
// PermissionError, kUnimplemented NotImplementedError, kDeadlineExceeded TimeoutError, kUnavailable
// ConnectionError, kResourceExhausted MemoryError, else RuntimeError.
RemoteException ToException(const absl::Status& status);

// --- Exceptions that user code may throw; the peer sees exactly the class named. ---

class PyError : public std::exception {
 public:
  // An exception of a class outside builtins: a client sees rpyc's GenericException unless it knows
  // the class.
  PyError(absl::string_view module, absl::string_view name, absl::string_view message);
  explicit PyError(RemoteException exception);

  const RemoteException& exception() const { return exception_; }
  // Whether it is builtins.`builtin_name` itself, or `module`.`name`.
  bool Is(absl::string_view builtin_name) const { return exception_.Is(builtin_name); }
  bool Is(absl::string_view module, absl::string_view name) const {
    return exception_.Is(module, name);
  }
  // "ValueError: bad input".
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  RemoteException exception_;
  std::string what_;
};

// The exception that an operation on a peer's object throws, whatever its class in Python
// (SystemExit too): Is() tells the class. Either the peer raised it, or our side could not get an
// answer: TimeoutError, EOFError (the connection has ended), RecursionError. If an exposed function
// lets it pass, that function's caller gets it with class, arguments, attributes and both
// tracebacks.
class RemoteError : public PyError {
 public:
  explicit RemoteError(RemoteException exception) : PyError(std::move(exception)) {}

  // Whether the peer raised it.
  bool from_peer() const { return exception().remote_traceback.has_value(); }
  absl::Span<const Value> args() const { return exception().args; }
  // Returns what Python's str() returns of it: what() without the class.
  std::string message() const { return exception().Text(); }
  // An attribute of the exception ("errno"); null if it has none of that name.
  const Value* attribute(absl::string_view name) const;
  // The peer's traceback; "<traceback denied>" if its settings forbid, empty unless from_peer().
  const std::string& traceback() const;
};

// Throws the RemoteError that `status`, which is not OK, stands for: see ToException.
[[noreturn]] void ThrowStatus(const absl::Status& status);

// One class for each of Python's builtin exceptions that a service has use for.
#define RPYC_DEFINE_BUILTIN_ERROR(Name)                                               \
  class Name : public PyError {                                                       \
   public:                                                                            \
    explicit Name(absl::string_view message) : PyError("builtins", #Name, message) {} \
  }
RPYC_DEFINE_BUILTIN_ERROR(ArithmeticError);
RPYC_DEFINE_BUILTIN_ERROR(AssertionError);
RPYC_DEFINE_BUILTIN_ERROR(AttributeError);
RPYC_DEFINE_BUILTIN_ERROR(ConnectionError);
RPYC_DEFINE_BUILTIN_ERROR(EOFError);
RPYC_DEFINE_BUILTIN_ERROR(FileNotFoundError);
RPYC_DEFINE_BUILTIN_ERROR(IndexError);
RPYC_DEFINE_BUILTIN_ERROR(KeyError);
RPYC_DEFINE_BUILTIN_ERROR(LookupError);
RPYC_DEFINE_BUILTIN_ERROR(MemoryError);
RPYC_DEFINE_BUILTIN_ERROR(NotImplementedError);
RPYC_DEFINE_BUILTIN_ERROR(OSError);
RPYC_DEFINE_BUILTIN_ERROR(OverflowError);
RPYC_DEFINE_BUILTIN_ERROR(PermissionError);
RPYC_DEFINE_BUILTIN_ERROR(RuntimeError);
RPYC_DEFINE_BUILTIN_ERROR(TimeoutError);
RPYC_DEFINE_BUILTIN_ERROR(TypeError);
RPYC_DEFINE_BUILTIN_ERROR(ValueError);
RPYC_DEFINE_BUILTIN_ERROR(ZeroDivisionError);
#undef RPYC_DEFINE_BUILTIN_ERROR

// Ends an iteration.
class StopIteration : public PyError {
 public:
  StopIteration() : PyError(RemoteException{.name = "StopIteration"}) {}
};

}  // namespace rpyc

#endif  // RPYC_ERRORS_H_
