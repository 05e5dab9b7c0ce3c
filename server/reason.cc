#include "server/reason.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace rpyc {
namespace {

// The type of the payload that holds a Reason: the reason, then each key and its value.
constexpr char kPayload[] = "rpychost/reason";

// Appends a text to a payload, as SIZE:TEXT.
void Append(absl::string_view text, std::string* out) {
  absl::StrAppend(out, text.size(), ":", text);
}

// Removes the first text from a payload, and returns it.
std::string TakeText(absl::string_view* in) {
  const size_t colon = in->find(':');
  size_t size = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(in->substr(0, colon), &size)) {
    *in = {};
    return "";
  }
  std::string text(in->substr(colon + 1, size));
  in->remove_prefix(colon + 1 + text.size());
  return text;
}

}  // namespace

absl::Status ReasonStatus(absl::StatusCode code, absl::string_view reason,
                          absl::string_view message, std::map<std::string, std::string> metadata) {
  std::string payload;
  Append(reason, &payload);
  for (const auto& [key, value] : metadata) {
    Append(key, &payload);
    Append(value, &payload);
  }
  absl::Status status(code, message);
  status.SetPayload(kPayload, absl::Cord(std::move(payload)));
  return status;
}

absl::Status InvalidField(absl::string_view field, absl::string_view message) {
  return ReasonStatus(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message,
                      {{"field", std::string(field)}});
}

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(field, " is ", value, ", must be ", min, " to ", max));
}

absl::Status HostClosing() {
  return ReasonStatus(absl::StatusCode::kUnavailable, "HOST_CLOSING", "the host is closing");
}

absl::Status WithMessage(const absl::Status& status, absl::string_view message) {
  absl::Status result(status.code(), message);
  status.ForEachPayload([&result](absl::string_view url, const absl::Cord& payload) {
    result.SetPayload(url, payload);
  });
  return result;
}

absl::Status WithListenReason(const absl::Status& status, absl::string_view field,
                              absl::string_view port_field) {
  if (!GetReason(status).reason.empty()) return status;
  const std::string taken(port_field.empty() ? field : port_field);
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return ReasonStatus(status.code(), "ADDRESS_IN_USE", status.message(), {{"field", taken}});
    case absl::StatusCode::kPermissionDenied:
      return ReasonStatus(status.code(), "BIND_NOT_PERMITTED", status.message(),
                          {{"field", taken}});
    case absl::StatusCode::kResourceExhausted:
      return ReasonStatus(status.code(), "LIMIT_EXCEEDED", status.message());
    case absl::StatusCode::kInvalidArgument:
      return InvalidField(field, status.message());
    default:
      return status;
  }
}

Reason GetReason(const absl::Status& status) {
  Reason reason;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return reason;
  const std::string text(*payload);
  absl::string_view rest = text;
  reason.reason = TakeText(&rest);
  while (!rest.empty()) {
    std::string key = TakeText(&rest);
    reason.metadata[std::move(key)] = TakeText(&rest);
  }
  return reason;
}

}  // namespace rpyc
