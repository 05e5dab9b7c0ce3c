// These tests cover times, durations and paths: numbers and text, and what objects of Python's
// modules are asked.

#include "rpyc/cast/time.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <ratio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rpyc/cast/duration.h"
#include "rpyc/cast/path.h"
#include "rpyc/errors.h"
#include "rpyc/testing/fake_peer.h"
#include "rpyc/testing/python_object.h"

namespace rpyc {
namespace {

using testing::Failure;
using testing::FakePeer;
using Clock = std::chrono::system_clock;
using Names = std::vector<std::string>;

const CallContext kContext;

template <typename T>
std::string Taken(Value value) {
  absl::StatusOr<T> converted = FromPython<T>(kContext, value);
  return converted.ok() ? Cast<T>::To(*converted).DebugString() : Failure(converted.status());
}

TEST(Time, IsSecondsSince1970) {
  EXPECT_EQ(Taken<Clock::time_point>(1.5), "1.5");
  EXPECT_EQ(Taken<Clock::time_point>(-2), "-2.0");
  EXPECT_EQ(Taken<absl::Time>(1700000000.25), "1700000000.25");
  EXPECT_EQ(Taken<absl::Time>(-1.25), "-1.25");
  EXPECT_EQ(Cast<absl::Time>::To(absl::InfinitePast()),
            Value(-std::numeric_limits<double>::infinity()));
  using Seconds = std::chrono::time_point<Clock, std::chrono::seconds>;
  EXPECT_EQ(Taken<Seconds>(1.4), "1.0");
  EXPECT_EQ(Taken<Seconds>(1.6), "2.0");
  EXPECT_EQ(Taken<Seconds>(-1.6), "-2.0");
  EXPECT_EQ(Cast<Clock::time_point>::To(Clock::from_time_t(86400)), Value(86400.0));
  EXPECT_EQ(Taken<absl::Time>("now"), "TypeError: expected float, got str");
  EXPECT_EQ(Taken<absl::Time>(std::numeric_limits<double>::quiet_NaN()),
            "ValueError: cannot convert float NaN to a time");
  EXPECT_EQ(Taken<Clock::time_point>(1e10),
            "OverflowError: time out of range for the C++ type: "
            "1e+10 s since 1970");
  EXPECT_EQ(Taken<Clock::time_point>(std::numeric_limits<double>::infinity()),
            "OverflowError: time out of range for the C++ type: inf s since 1970");
  using Days = std::chrono::time_point<Clock, std::chrono::duration<int8_t, std::ratio<86400>>>;
  EXPECT_EQ(Taken<Days>(127 * 86400), "10972800.0");
  EXPECT_EQ(Taken<Days>(128 * 86400).substr(0, 14), "OverflowError:");
}

std::string Moment(const absl::StatusOr<Value>& text) {
  FakePeer peer;
  peer.answers = {{"str", text}};
  return Taken<absl::Time>(peer.Make("datetime.datetime"));
}

// str(datetime) of CPython 3.11 gave these texts.
TEST(Time, AsksADatetime) {
  EXPECT_EQ(Moment("1970-01-02 00:00:00+00:00"), "86400.0");
  EXPECT_EQ(Moment("1970-01-01 05:30:00.500000+05:30"), "0.5");
  EXPECT_EQ(Moment("1969-12-31 18:29:53-05:30:07"), "0.0");
  EXPECT_EQ(Moment("0001-01-01 00:00:00+00:00"), "-62135596800.0");
  EXPECT_EQ(Moment("1970-01-02 00:00:00"),
            "TypeError: expected a datetime with a time zone, got datetime.datetime: it has none; "
            "pass what its timestamp() or astimezone() gives");
  for (const char* text : {"", "x", "infinite-future", "1970-01-02", "1970-01-02 00:00:00 +00:00x",
                           "1970-13-02 00:00:00+00:00", "1970-01-02 00:00:00+"}) {
    EXPECT_EQ(Moment(text), absl::StrCat("TypeError: expected a datetime, got datetime.datetime: "
                                         "it shows itself as ",
                                         text));
  }
  EXPECT_EQ(Moment(Value(5)).substr(0, 10), "TypeError:");
  EXPECT_EQ(Moment(PyStatus("EOFError", "gone")), "EOFError: gone");
}

TEST(Time, AsksNothingElseForItsText) {
  FakePeer peer;
  peer.answers = {{"str", Value("1970-01-02 00:00:00+00:00")}};
  EXPECT_EQ(Taken<absl::Time>(peer.Make("datetime.date")),
            "TypeError: expected a number of seconds since 1970, or a datetime, got datetime.date");
  EXPECT_EQ(peer.asked, (Names{"__float__", "__index__"}));
  peer.answers = {{"__float__", Value(2.5)}};
  EXPECT_EQ(Taken<absl::Time>(peer.Make("decimal.Decimal")), "2.5");
  // Its unit does not matter.
  EXPECT_EQ(Taken<absl::Time>(peer.Make("numpy.datetime64")).substr(0, 10), "TypeError:");
  EXPECT_EQ(Taken<absl::Duration>(peer.Make("numpy.timedelta64")).substr(0, 10), "TypeError:");
}

std::string Length(absl::string_view text) {
  FakePeer peer;
  peer.answers = {{"str", Value(text)}};
  return Taken<absl::Duration>(peer.Make("datetime.timedelta"));
}

// str(timedelta) of CPython 3.11 gave these texts.
TEST(Duration, AsksATimedelta) {
  EXPECT_EQ(Length("0:00:00"), "0.0");
  EXPECT_EQ(Length("0:00:01.500000"), "1.5");
  EXPECT_EQ(Length("1 day, 2:03:04"), "93784.0");
  EXPECT_EQ(Length("2 days, 0:00:00"), "172800.0");
  EXPECT_EQ(Length("-1 day, 23:59:59.500000"), "-0.5");
  EXPECT_EQ(Length("999999999 days, 23:59:59"), "86399999999999.0");
  for (const char* text : {"", "x", "1 day", "1 day, ", "1 week, 0:00:00", "0:00", "0:60:00",
                           "24:00:00", "0:00:60", "0:00:01.5", "1000000000 days, 0:00:00",
                           "9999999999999999999 days, 0:00:00", "-1:00:00", "0:00:-1"}) {
    EXPECT_EQ(Length(text), absl::StrCat("TypeError: expected a timedelta, got datetime.timedelta: "
                                         "it shows itself as ",
                                         text));
  }
  FakePeer peer;
  peer.answers = {{"str", Value("1 day, 0:00:00.000400")}};
  EXPECT_EQ(Taken<std::chrono::milliseconds>(peer.Make("datetime.timedelta")), "86400.0");
}

TEST(Path, IsText) {
  EXPECT_EQ(Taken<std::filesystem::path>("/tmp/x"), "'/tmp/x'");
  EXPECT_EQ(Taken<std::filesystem::path>(Value(std::string("/tmp/x\0y", 8))),
            "ValueError: embedded null byte");
  EXPECT_EQ(Taken<std::filesystem::path>(Value(Bytes{"x"})),
            "TypeError: expected str or os.PathLike, got bytes");
  EXPECT_EQ(ParameterName<std::filesystem::path>(), "str | os.PathLike");
}

TEST(Path, AsksWhatStandsForAPath) {
  FakePeer peer;
  peer.answers = {{"str", Value("/x")}};
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("pathlib.PosixPath")), "'/x'");
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("pathlib._local.PosixPath")), "'/x'");
  EXPECT_EQ(peer.asked, (Names{"str", "str"}));
  peer.answers = {{"__fspath__", Value("/y")}};
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("m.File")), "'/y'");
  peer.answers = {{"__fspath__", Value(5)}};
  const std::string wrong =
      "TypeError: expected str or os.PathLike, got m.File: pass what "
      "os.fspath() gives";
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("m.File")), wrong);
  peer.answers = {{"str", Value("no path")}};
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("m.File")), wrong);
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("builtins.list")),
            "TypeError: expected str or os.PathLike, got list");
  peer.answers = {{"__fspath__", PyStatus("EOFError", "gone")}};
  EXPECT_EQ(Taken<std::filesystem::path>(peer.Make("m.File")), "EOFError: gone");
}

}  // namespace
}  // namespace rpyc
