#include "rpyc/bind/invoke.h"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/cast.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

// The exception being handled, as Python's. Call from a catch block only.
absl::Status CurrentException() {
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
    return PyStatus("RuntimeError", e.what());
  } catch (...) {
    return PyStatus("RuntimeError", "a C++ exception of unknown type");
  }
}

}  // namespace

absl::StatusOr<Value> Invoke(const Member& member, const MemberBody& body, const MemberCall& call,
                             absl::Span<Value> args) {
  try {
    absl::StatusOr<Value> result = body(member, call, args);
    if (result.ok() || IsPyStatus(result.status())) return result;
    return PyStatus(ToException(result.status()));
  } catch (...) {
    return CurrentException();
  }
}

absl::Status Guarded(absl::FunctionRef<void()> user_code) {
  try {
    user_code();
    return absl::OkStatus();
  } catch (...) {
    return CurrentException();
  }
}

absl::Status ArgumentError(const Member& member, size_t index, const absl::Status& error) {
  const std::string& name = member.signature.parameters[index].name;
  return ErrorAt(
      absl::StrCat(member.name, "() argument ",
                   name.empty() ? absl::StrCat(index + 1) : absl::StrCat("'", name, "'")),
      error);
}

}  // namespace rpyc
