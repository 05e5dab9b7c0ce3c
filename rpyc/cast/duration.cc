#include "rpyc/cast/duration.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "rpyc/cast/ask_time.h"
#include "rpyc/cast/scalar.h"
#include "rpyc/errors.h"

namespace rpyc {
namespace {

absl::StatusOr<double> SecondsFrom(const CallContext& context, Value& value) {
  if (value.AsObject() != nullptr) {
    const absl::StatusOr<std::optional<absl::Duration>> asked =
        cast_internal::AskTimedelta(context, value);
    if (!asked.ok()) return asked.status();
    if (*asked) return absl::ToDoubleSeconds(**asked);
  }
  absl::StatusOr<double> seconds = Cast<double>::From(context, value);
  if (seconds.ok() && std::isnan(*seconds)) {
    return PyStatus("ValueError", "cannot convert float NaN to a duration");
  }
  return seconds;
}

}  // namespace

absl::StatusOr<absl::Duration> Cast<absl::Duration>::From(const CallContext& context,
                                                          Value& value) {
  absl::StatusOr<double> seconds = SecondsFrom(context, value);
  if (!seconds.ok()) return std::move(seconds).status();
  return absl::Seconds(*seconds);
}

absl::StatusOr<double> PeriodsFrom(const CallContext& context, Value& value, double period,
                                   bool exact, double min, double max) {
  absl::StatusOr<double> seconds = SecondsFrom(context, value);
  if (!seconds.ok()) return seconds;
  const double periods = exact ? *seconds / period : std::nearbyint(*seconds / period);
  // A whole maximum, 2 ** 63 - 1, is no double: a value that rounds up to it is too large.
  const bool fits = exact || (periods >= min && periods < max);
  if (!fits) {
    return PyStatus("OverflowError",
                    absl::StrCat("duration out of range for the C++ type: ", *seconds, " s"));
  }
  return periods;
}

}  // namespace rpyc
