#include "rpyc/cast/string.h"

#include <utility>

#include "rpyc/cast/ask.h"

namespace rpyc::cast_internal {

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

}  // namespace rpyc::cast_internal
