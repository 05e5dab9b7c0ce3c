#include "rpyc/cast/ask_time.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rpyc/cast/cast.h"
#include "rpyc/errors.h"
#include "rpyc/object.h"

namespace rpyc::cast_internal {
namespace {

// Reads whole units and millionths: "5", "000005" or "5.000007".
bool ParseSeconds(absl::string_view text, absl::Duration* parsed) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  int64_t seconds;
  int64_t micros = 0;
  if (!absl::SimpleAtoi(parts.first, &seconds) || seconds < 0 || seconds >= 60) return false;
  const bool has_micros = absl::StrContains(text, '.');
  if (has_micros &&
      (parts.second.size() != 6 || !absl::SimpleAtoi(parts.second, &micros) || micros < 0)) {
    return false;
  }
  *parsed = absl::Seconds(seconds) + absl::Microseconds(micros);
  return true;
}

// Reads "1 day, 2:03:04.000005" and "-1 day, 23:59:59".
// Source:  CPython 3.11, Lib/datetime.py, timedelta.__str__.
bool ParseTimedelta(absl::string_view text, absl::Duration* parsed) {
  int64_t days = 0;
  const size_t comma = text.find(", ");
  if (comma != absl::string_view::npos) {
    absl::string_view count = text.substr(0, comma);
    if (!absl::ConsumeSuffix(&count, " days") && !absl::ConsumeSuffix(&count, " day")) return false;
    // A timedelta has no more days.
    if (!absl::SimpleAtoi(count, &days) || days > 999'999'999 || days < -999'999'999) return false;
    text.remove_prefix(comma + 2);
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  int64_t hours;
  int64_t minutes;
  absl::Duration seconds;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &hours) || hours < 0 || hours > 23 ||
      !absl::SimpleAtoi(parts[1], &minutes) || minutes < 0 || minutes > 59 ||
      !ParseSeconds(parts[2], &seconds)) {
    return false;
  }
  *parsed = absl::Hours(24 * days + hours) + absl::Minutes(minutes) + seconds;
  return true;
}

// Reads "2020-01-02 03:04:05.678901+05:30", the text of datetime.isoformat(" "), which `format`
// describes.
bool ParseDatetime(absl::string_view format, absl::string_view text, absl::Time* parsed) {
  // ParseTime accepts words too.
  return !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         absl::ParseTime(format, text, parsed, nullptr);
}

absl::Status NotUnderstood(absl::string_view expected, const Value& value, absl::string_view text) {
  return WrongType(expected, value, absl::StrCat("it shows itself as ", text.substr(0, 80)));
}

}  // namespace

absl::StatusOr<std::optional<absl::Duration>> AskTimedelta(const CallContext& context,
                                                           const Value& value) {
  if (value.type_name() != "datetime.timedelta" || (*value.AsObject())->is_class()) {
    return std::optional<absl::Duration>();
  }
  const absl::StatusOr<std::string> text = (*value.AsObject())->Str(context);
  if (!text.ok()) return text.status();
  absl::Duration parsed;
  if (!ParseTimedelta(*text, &parsed)) return NotUnderstood("a timedelta", value, *text);
  return std::make_optional(parsed);
}

absl::StatusOr<std::optional<absl::Time>> AskDatetime(const CallContext& context,
                                                      const Value& value) {
  const bool is_datetime = value.type_name() == "datetime.datetime" ||
                           value.type_name() == "pandas._libs.tslibs.timestamps.Timestamp";
  if (!is_datetime || (*value.AsObject())->is_class()) return std::optional<absl::Time>();
  const absl::StatusOr<std::string> text = (*value.AsObject())->Str(context);
  if (!text.ok()) return text.status();
  absl::Time parsed;
  if (ParseDatetime("%Y-%m-%d %H:%M:%E*S%Ez", *text, &parsed)) return std::make_optional(parsed);
  if (!ParseDatetime("%Y-%m-%d %H:%M:%E*S", *text, &parsed)) {
    return NotUnderstood("a datetime", value, *text);
  }
  return WrongType("a datetime with a time zone", value,
                   "it has none; pass what its timestamp() or astimezone() gives");
}

}  // namespace rpyc::cast_internal
