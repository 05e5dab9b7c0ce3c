#include "rpyc/cast/cast.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::Status ErrorAt(absl::string_view where, const absl::Status& error) {
  RemoteException exception = ToException(error);
  // The peer itself raised this, perhaps while it was asked for its items, so the message stays.
  if (exception.remote_traceback.has_value()) return error;
  const std::string* text = exception.args.empty() ? nullptr : exception.args[0].AsStr();
  exception.args = {
      Value(absl::StrCat(where, ": ", text != nullptr ? *text : std::string(error.message())))};
  return PyStatus(std::move(exception));
}

absl::Status WrongType(absl::string_view expected, const Value& got, absl::string_view reason) {
  return PyStatus("TypeError", absl::StrCat("expected ", expected, ", got ",
                                            absl::StripPrefix(got.type_name(), "builtins."),
                                            reason.empty() ? "" : ": ", reason));
}

}  // namespace rpyc
