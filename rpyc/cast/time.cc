#include "rpyc/cast/time.h"

#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask_time.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/errors.h"

namespace rpyc {

absl::StatusOr<absl::Time> Cast<absl::Time>::From(const CallContext& context, Value& value) {
  if (value.AsObject() != nullptr) {
    const absl::StatusOr<std::optional<absl::Time>> asked =
        cast_internal::AskDatetime(context, value);
    if (!asked.ok()) return asked.status();
    if (*asked) return **asked;
  }
  absl::StatusOr<double> seconds = Cast<double>::From(context, value);
  if (!seconds.ok()) {
    const bool no_number = value.AsObject() != nullptr && IsPyStatus(seconds.status(), "TypeError");
    return no_number ? WrongType("a number of seconds since 1970, or a datetime", value)
                     : std::move(seconds).status();
  }
  if (std::isnan(*seconds)) return PyStatus("ValueError", "cannot convert float NaN to a time");
  return absl::UnixEpoch() + absl::Seconds(*seconds);
}

Value Cast<absl::Time>::To(absl::Time value) {
  const absl::Duration since = value - absl::UnixEpoch();
  if (since == absl::InfiniteDuration() || since == -absl::InfiniteDuration()) {
    return Value(absl::ToDoubleSeconds(since));
  }
  // ToDoubleSeconds of the whole duration would round twice.
  absl::Duration rest;
  const int64_t seconds = absl::IDivDuration(since, absl::Seconds(1), &rest);
  return Value(static_cast<double>(seconds) + absl::ToDoubleSeconds(rest));
}

namespace cast_internal {

absl::StatusOr<int64_t> TicksFrom(const CallContext& context, Value& value, absl::Duration period,
                                  int64_t min, int64_t max) {
  const absl::StatusOr<absl::Time> time = Cast<absl::Time>::From(context, value);
  if (!time.ok()) return time.status();
  const absl::Duration since = *time - absl::UnixEpoch();
  absl::Duration rest;
  // This gives the nearest tick; IDivDuration would round towards zero.
  const absl::Duration half = since < absl::ZeroDuration() ? -period / 2 : period / 2;
  const int64_t ticks = absl::IDivDuration(since + half, period, &rest);
  // IDivDuration stops at the ends of int64_t.
  const bool fits = ticks > std::numeric_limits<int64_t>::min() &&
                    ticks < std::numeric_limits<int64_t>::max() && ticks >= min && ticks <= max;
  if (!fits) {
    return PyStatus("OverflowError", absl::StrCat("time out of range for the C++ type: ",
                                                  absl::ToDoubleSeconds(since), " s since 1970"));
  }
  return ticks;
}

}  // namespace cast_internal
}  // namespace rpyc
