#include "rpyc/dialect_probe.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/testing/memory_stream.h"

namespace rpyc {
namespace {

// What servers wrote, 4.1.5 and 5.3.1 alike, when the PING of the probe came.
const std::string kPing5 = absl::HexStringToBytes("000000090012514f11511151104f0a");
const std::string kPing6 = absl::HexStringToBytes("000000090001114f11511151104f0a");
const std::string kReply5 = absl::HexStringToBytes("000000060012524f11514f0a");
const std::string kReply6 = absl::HexStringToBytes("000000060002114f11514f0a");
const std::string kClose5 = absl::HexStringToBytes("000000080012515011521151020a");
const std::string kClose6 = absl::HexStringToBytes("000000080001115011521151020a");

// A peer that has said `says` by the time it is listened to, and then hung up or keeps silent.
struct Script {
  std::string says;
  bool hangs_up = false;
};

class DialectProbe : public testing::Test {
 protected:
  absl::StatusOr<ProbedStream> Probe(std::vector<Script> scripts,
                                     absl::Duration timeout = absl::Seconds(20)) {
    scripts_ = std::move(scripts);
    return ProbeDialect([this] { return Dial(); }, Limits(), absl::Now() + timeout);
  }
  absl::StatusOr<std::unique_ptr<Stream>> Dial() {
    if (ends_.size() == scripts_.size()) return absl::UnavailableError("refused");
    auto [mine, theirs] = MemoryStream::MakePair();
    const Script& script = scripts_[ends_.size()];
    theirs->Send(script.says);
    if (script.hangs_up) theirs->CloseWrite();
    ends_.push_back(std::move(theirs));
    return std::unique_ptr<Stream>(std::move(mine));
  }
  // What the connections were sent.
  std::vector<std::string> Heard() {
    std::vector<std::string> heard;
    for (const auto& end : ends_) heard.push_back(end->Received());
    return heard;
  }

  std::vector<Script> scripts_;
  std::vector<std::unique_ptr<MemoryStream>> ends_;
};

std::string ReadAll(Stream& stream, size_t bytes) {
  std::string all(bytes, '\0');
  const absl::StatusOr<ReadResult> read =
      stream.ReadSome(absl::MakeSpan(all), ReadHint::kBetweenFrames);
  return read.ok() ? all.substr(0, read->bytes) : read.status().ToString();
}

TEST_F(DialectProbe, OneConnectionToAPeerOf6) {
  const auto probed = Probe({{kReply6}});
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV6);
  EXPECT_EQ(Heard(), std::vector<std::string>{kPing6});
  // The answer is left for the connection, and so is whatever came with it.
  EXPECT_EQ(ReadAll(*probed->stream, 100), kReply6);
}

TEST_F(DialectProbe, APeerOf5IsConnectedToAnewAndAskedInItsDialect) {
  // One that is busy need not answer at once.
  for (const std::string& answer : {kReply5, std::string()}) {
    ends_.clear();
    const auto probed = Probe({{kClose5, true}, {answer}});
    ASSERT_TRUE(probed.ok()) << probed.status();
    EXPECT_EQ(probed->dialect, Dialect::kV5);
    EXPECT_EQ(Heard(), (std::vector<std::string>{kPing6, kPing5}));
    EXPECT_TRUE(ends_[0]->peer_closed());
    EXPECT_FALSE(ends_[1]->peer_closed());
  }
}

// What OneShotServer of 4 and 5 does: the next connection is refused, or taken and hung up on.
TEST_F(DialectProbe, AServerOfOneConnectionIsUsedUpAndItIsSaid) {
  for (const std::vector<Script>& scripts :
       {std::vector<Script>{{kClose5, true}}, {{kClose5, true}, {"", true}}, {{"", true}}}) {
    ends_.clear();
    const absl::Status used_up = Probe(scripts).status();
    EXPECT_EQ(used_up.code(), absl::StatusCode::kUnavailable);
    for (const char* part :
         {scripts.size() == 1 ? "(refused)" : "(the peer hung up without a word)", "OneShotServer",
          "set config.dialect to 5"}) {
      EXPECT_TRUE(absl::StrContains(used_up.message(), part)) << used_up;
    }
  }
}

TEST_F(DialectProbe, APeerThatHangsUpWithoutAWordIsAskedIn5) {
  const auto probed = Probe({{"", true}, {kReply5}});
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV5);
  EXPECT_EQ(Heard(), (std::vector<std::string>{kPing6, kPing5}));
  ends_.clear();
  const absl::Status mute = Probe({{"", true}, {"", true}}).status();
  EXPECT_EQ(mute.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(mute.message(), "the peer hung up without a word")) << mute;
}

TEST_F(DialectProbe, WhatIsNoRpycIsNamed) {
  const auto why = [this](std::string says, bool hangs_up) {
    ends_.clear();
    return std::string(Probe({{std::move(says), hangs_up}, {"", true}}).status().message());
  };
  EXPECT_EQ(why("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", false),
            "the peer does not speak RPyC: it seems to be ssh");
  EXPECT_EQ(why("HTTP/1.1 400 Bad Request\r\n", true),
            "the peer does not speak RPyC: it seems to be an HTTP server");
  EXPECT_EQ(why(absl::HexStringToBytes("15030300020246"), true),
            "the peer does not speak RPyC: it seems to be a TLS server, which has sent an alert");
  // What gRPC says first looks like half a frame of RPyC, until it hangs up.
  EXPECT_EQ(why(absl::HexStringToBytes("0000180400000000000004003fffff0005003fffff"), true),
            "the peer does not speak RPyC: it seems to be a server of HTTP/2, such as one of gRPC");
}

TEST_F(DialectProbe, ASilentPeerIsAskedIn5AsWell) {
  const auto probed = Probe({{""}, {kReply5}});
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV5);
  EXPECT_EQ(Heard(), (std::vector<std::string>{kPing6, kPing5}));
}

TEST_F(DialectProbe, ABusyPeerOf6TellsOnTheOtherConnection) {
  const auto probed = Probe({{""}, {kClose6}});
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV6);
  EXPECT_FALSE(ends_[0]->peer_closed());  // which has a PING to answer, and is good
  EXPECT_TRUE(ends_[1]->peer_closed());
}

TEST_F(DialectProbe, AServerOfOneConnectionMayTakeItsTime) {
  auto slow = [this] {
    absl::StatusOr<std::unique_ptr<Stream>> stream = Dial();
    if (!stream.ok()) ends_[0]->Send(kReply6);  // late, when a second connection was refused
    return stream;
  };
  scripts_ = {{""}};
  const auto probed = ProbeDialect(slow, Limits(), absl::Now() + absl::Seconds(20));
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV6);
}

TEST_F(DialectProbe, APeersOwnRequestTellsAsWell) {
  const auto probed = Probe({{kClose6 + kReply6}});
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->dialect, Dialect::kV6);
  EXPECT_EQ(ReadAll(*probed->stream, 100), kClose6 + kReply6);
}

TEST_F(DialectProbe, SilenceEndsAtTheDeadline) {
  // Half a message is not one.
  EXPECT_EQ(Probe({{""}, {kReply5.substr(0, 7)}}, absl::Milliseconds(600)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(DialectProbe, WhatIsNotRpycIsToldSo) {
  for (const char* greeting :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\1\0\x7f\n", "HTTP/1.1 400 Bad\r\n"}) {
    ends_.clear();
    const absl::Status status =
        Probe({{std::string(greeting, greeting[0] == 0 ? 7 : 17)}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(ends_.size(), 1u);
  }
}

TEST_F(DialectProbe, SaysWhyItCouldNotConnect) {
  EXPECT_EQ(Probe({}).status().message(), "refused");
}

}  // namespace
}  // namespace rpyc
