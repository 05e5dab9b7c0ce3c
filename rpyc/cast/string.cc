#include "rpyc/cast/string.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace cast_internal {

absl::Status BecomeText(const CallContext& context, Value& value) {
  absl::StatusOr<Value> asked = AskText(context, value);
  if (!asked.ok()) return std::move(asked).status();
  value = *std::move(asked);
  return absl::OkStatus();
}

absl::Status BecomeBytes(const CallContext& context, Value& value) {
  absl::StatusOr<Value> asked = AskBytes(context, value);
  if (!asked.ok()) return std::move(asked).status();
  value = *std::move(asked);
  return absl::OkStatus();
}

}  // namespace cast_internal

absl::StatusOr<char> Cast<char>::From(const CallContext& context, Value& value) {
  if (value.AsStr() == nullptr) {
    absl::Status asked = cast_internal::BecomeText(context, value);
    if (!asked.ok()) return asked;
  }
  const std::string& text = *value.AsStr();
  if (text.size() == 1 && absl::ascii_isascii(static_cast<unsigned char>(text[0]))) return text[0];
  return PyStatus("ValueError", absl::StrCat("expected a str of one ASCII character, got ",
                                             value.DebugString(40)));
}

Value Cast<char>::To(char value) {
  if (!absl::ascii_isascii(static_cast<unsigned char>(value))) {
    throw ValueError(absl::StrCat("the C++ char ", int{static_cast<unsigned char>(value)},
                                  " is no ASCII character; return a number or rpyc::Bytes"));
  }
  return Value(std::string(1, value));
}

}  // namespace rpyc
