#ifndef RPYC_CAST_TIME_H_
#define RPYC_CAST_TIME_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "absl/time/time.h"
#include "rpyc/cast/cast.h"

namespace rpyc {

// Gives a float of seconds since 1970 in UTC, as Python's time.time() does. It takes a number of
// them, or a datetime that has a time zone.
template <>
struct Cast<absl::Time> {
  static absl::StatusOr<absl::Time> From(const CallContext& context, Value& value);
  static Value To(absl::Time value);
  static std::string Name() { return "float"; }
  static std::string ParameterName() { return "float | datetime"; }
};

namespace cast_internal {

// Returns the time since 1970 of what Python passed, in periods, rounded to the nearest.
// Errors:  those of Cast<absl::Time>; OverflowError - it is not between `min` and `max`.
absl::StatusOr<int64_t> TicksFrom(const CallContext& context, Value& value, absl::Duration period,
                                  int64_t min, int64_t max);

}  // namespace cast_internal

// Converts in the same way, to the nearest tick. Moments of other clocks mean nothing to Python.
template <typename Duration>
struct Cast<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;
  static_assert(!std::chrono::treat_as_floating_point_v<typename Duration::rep>,
                "rpyc: a time_point of whole ticks, as the system_clock's own is, or absl::Time");

  static absl::StatusOr<Time> From(const CallContext& context, Value& value) {
    absl::StatusOr<int64_t> ticks = cast_internal::TicksFrom(
        context, value, absl::Seconds(Duration::period::num) / Duration::period::den,
        std::numeric_limits<typename Duration::rep>::min(),
        std::numeric_limits<typename Duration::rep>::max());
    if (!ticks.ok()) return std::move(ticks).status();
    return Time(Duration(static_cast<typename Duration::rep>(*ticks)));
  }
  static Value To(Time value) {
    return Value(std::chrono::duration_cast<std::chrono::duration<double>>(value.time_since_epoch())
                     .count());
  }
  static std::string Name() { return "float"; }
  static std::string ParameterName() { return "float | datetime"; }
};

template <>
struct TravelsByValue<absl::Time> : std::true_type {};
template <typename Duration>
struct TravelsByValue<std::chrono::time_point<std::chrono::system_clock, Duration>>
    : std::true_type {};

}  // namespace rpyc

#endif  // RPYC_CAST_TIME_H_
