#ifndef RPYC_CAST_DURATION_H_
#define RPYC_CAST_DURATION_H_

#include <chrono>
#include <ratio>
#include <string>
#include <type_traits>

#include "absl/time/time.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

// Gives a float of seconds, as Python's time functions do; it takes ints and timedeltas too.
// Python's inf is an infinite duration.
template <>
struct Cast<absl::Duration> {
  static absl::StatusOr<absl::Duration> From(const CallContext& context, Value& value);
  static Value To(absl::Duration value) { return Value(absl::ToDoubleSeconds(value)); }
  static std::string Name() { return "float"; }
};

// Returns the number of `period`s in a Python number of seconds, rounded unless `exact`.
// Errors:  ValueError - it is NaN; OverflowError - it is not between `min` and `max`.
absl::StatusOr<double> PeriodsFrom(const CallContext& context, Value& value, double period,
                                   bool exact, double min, double max);

// Converts in the same way; a whole number of periods is rounded to the nearest.
template <typename Rep, typename Period>
struct Cast<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static constexpr bool kExact = std::chrono::treat_as_floating_point_v<Rep>;

  static absl::StatusOr<Duration> From(const CallContext& context, Value& value) {
    absl::StatusOr<double> periods = PeriodsFrom(
        context, value, static_cast<double>(Period::num) / static_cast<double>(Period::den), kExact,
        static_cast<double>(std::chrono::duration_values<Rep>::min()),
        static_cast<double>(std::chrono::duration_values<Rep>::max()));
    if (!periods.ok()) return std::move(periods).status();
    return Duration(static_cast<Rep>(*periods));
  }
  static Value To(Duration value) {
    return Value(std::chrono::duration_cast<std::chrono::duration<double>>(value).count());
  }
  static std::string Name() { return "float"; }
};

template <>
struct TravelsByValue<absl::Duration> : std::true_type {};
template <typename Rep, typename Period>
struct TravelsByValue<std::chrono::duration<Rep, Period>> : std::true_type {};

template <>
inline constexpr Question kQuestion<absl::Duration> = Question::kFloat;
template <typename Rep, typename Period>
inline constexpr Question kQuestion<std::chrono::duration<Rep, Period>> = Question::kFloat;

}  // namespace rpyc

#endif  // RPYC_CAST_DURATION_H_
