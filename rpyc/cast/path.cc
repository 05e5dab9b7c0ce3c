#include "rpyc/cast/path.h"

#include <utility>

#include "absl/strings/match.h"
#include "rpyc/cast/ask.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"

namespace rpyc {
namespace {

constexpr absl::string_view kExpected = "str or os.PathLike";

// Returns the text of an object that stands for a path.
absl::StatusOr<Value> AskPath(const CallContext& context, const Value& value) {
  if (absl::StartsWith(value.type_name(), "pathlib.") && !(*value.AsObject())->is_class()) {
    // The text of such an object is what __fspath__ gives, and reading it needs no settings.
    absl::StatusOr<std::string> text = (*value.AsObject())->Str(context);
    if (!text.ok()) return std::move(text).status();
    return Value(*std::move(text));
  }
  absl::StatusOr<Value> asked = cast_internal::AskText(context, value);
  if (asked.ok() || !IsPyStatus(asked.status(), "TypeError")) return asked;
  if (absl::StartsWith(value.type_name(), "builtins.")) return WrongType(kExpected, value);
  asked = (*value.AsObject())->CallAttr(context, {.name = "__fspath__", .exposed = false}, {});
  if (asked.ok() && asked->AsStr() != nullptr) return asked;
  if (!asked.ok() && !IsPyStatus(asked.status(), "AttributeError") &&
      !IsPyStatus(asked.status(), "TypeError")) {
    return asked;
  }
  return WrongType(kExpected, value, "pass what os.fspath() gives");
}

}  // namespace

absl::StatusOr<std::filesystem::path> Cast<std::filesystem::path>::From(const CallContext& context,
                                                                        Value& value) {
  if (value.AsObject() != nullptr) {
    absl::StatusOr<Value> asked = AskPath(context, value);
    if (!asked.ok()) return std::move(asked).status();
    value = *std::move(asked);
  }
  if (value.AsStr() == nullptr) return WrongType(kExpected, value);
  // The kernel would open the path that stands before the zero byte.
  if (absl::StrContains(*value.AsStr(), '\0')) return PyStatus("ValueError", "embedded null byte");
  return std::filesystem::path(std::move(*value.MutableStr()));
}

}  // namespace rpyc
