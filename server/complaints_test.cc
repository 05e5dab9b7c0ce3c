#include "server/complaints.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/log_sink.h"

namespace rpyc {
namespace {

class ComplaintsTest : public testing::Test {
 protected:
  ComplaintsTest() { LogFrom(LogLevel::kInfo); }
  ~ComplaintsTest() override { SetLogSink(LogLevel::kError, nullptr); }

  void LogFrom(LogLevel level) {
    SetLogSink(level, [this](LogLevel, absl::string_view line) { lines_.emplace_back(line); });
  }
  void Complain(absl::string_view peer, absl::Duration at = absl::ZeroDuration()) {
    complaints_.Log(LogLevel::kWarning, "ECHO/1", peer, "a complaint", absl::UnixEpoch() + at);
  }
  int Count(absl::string_view text) const {
    int count = 0;
    for (const std::string& line : lines_) count += absl::StrContains(line, text);
    return count;
  }

  std::vector<std::string> lines_;
  Complaints complaints_;
};

TEST_F(ComplaintsTest, AnAddressHasSoManyLinesAndTheRestIsCounted) {
  for (int port = 1; port <= 500; ++port) Complain(absl::StrCat("10.0.0.1:", port));
  EXPECT_EQ(Count("a complaint"), Complaints::kMaxLines);
  EXPECT_EQ(Count("further complaints about 10.0.0.1 are counted"), 1);
  Complain("[::1]:5 (label)");
  EXPECT_EQ(Count("a complaint"), Complaints::kMaxLines + 1) << "another address has its own";
  Complain("[::1]:6", Complaints::kInterval);
  EXPECT_EQ(Count("480 further complaints about 10.0.0.1 were not logged"), 1);
  complaints_.LogCounts("ECHO/1");
  EXPECT_EQ(Count("were not logged"), 1) << "all has been told";
}

TEST_F(ComplaintsTest, CountsAreToldAtTheEnd) {
  for (int port = 1; port <= 30; ++port) Complain(absl::StrCat("/run/a:b.sock"));
  complaints_.LogCounts("ECHO/1");
  EXPECT_EQ(Count("10 further complaints about /run/a:b.sock were not logged"), 1);
}

TEST_F(ComplaintsTest, ManyAddressesAreBounded) {
  for (int i = 0; i < 5000; ++i) Complain(absl::StrCat("10.0.", i / 250, ".", i % 250, ":1"));
  EXPECT_EQ(Count("a complaint"),
            static_cast<int>(Complaints::kMaxAddresses) + Complaints::kMaxLines);
  EXPECT_EQ(Count("further complaints about other addresses are counted"), 1);
}

TEST_F(ComplaintsTest, DebuggingLeavesNothingOut) {
  LogFrom(LogLevel::kDebug);
  for (int port = 1; port <= 500; ++port) Complain(absl::StrCat("10.0.0.1:", port));
  EXPECT_EQ(Count("a complaint"), 500);
}

}  // namespace
}  // namespace rpyc
