#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "rpyc/brine.h"
#include "rpyc/channel.h"
#include "rpyc/dialect.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/value.h"
#include "tests/golden/vectors.h"

// RPyC 4.1 to 5.3 and RPyC 6 write these whole frames.
namespace rpyc {
namespace {

struct DialectColumn {
  const char* column;
  Dialect dialect;
};

class FrameGoldenTest : public ::testing::TestWithParam<DialectColumn> {
 protected:
  std::string FrameBytes(const GoldenVector& vector) const {
    return absl::HexStringToBytes(vector.at(GetParam().column));
  }

  static void Arrive(absl::string_view bytes, FrameParser* parser) {
    while (!bytes.empty()) {
      const absl::Span<char> space = parser->PrepareRead();
      const size_t n = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), n);
      parser->Commit(n);
      bytes.remove_prefix(n);
    }
  }

  // Returns the payload of a stream of one frame, or "" if it is not one frame.
  std::string PayloadOf(absl::string_view frame) const {
    FrameParser parser(limits_);
    Arrive(frame, &parser);
    const auto payload = parser.Next();
    if (!payload.ok() || !payload->has_value() || parser.buffered_bytes() != 0) return "";
    return std::string(**payload);
  }

  const std::vector<GoldenVector> vectors_ = ReadGoldenVectors("frame_vectors.json");
  const Limits limits_{};
};

TEST_P(FrameGoldenTest, FramesAreReadAndWrittenByteForByte) {
  ASSERT_EQ(vectors_.size(), 46u);
  int compressed = 0;
  for (const GoldenVector& vector : vectors_) {
    SCOPED_TRACE(vector.at("desc"));
    const std::string frame = FrameBytes(vector);
    const std::string payload = PayloadOf(frame);
    ASSERT_FALSE(payload.empty());
    EXPECT_EQ(DetectDialect(payload), GetParam().dialect);

    brine::Reader reader(payload, limits_);
    const absl::StatusOr<MessageHead> head = ReadMessageHead(GetParam().dialect, &reader);
    ASSERT_TRUE(head.ok()) << head.status();
    EXPECT_EQ(absl::StrContains(vector.at("desc"), "EXCEPTION") ||
                  absl::StrContains(vector.at("desc"), "exception reply"),
              head->type == MessageType::kException);

    brine::Reader skipper(reader.rest(), limits_);
    const absl::StatusOr<absl::string_view> skipped = skipper.SkipValue();
    ASSERT_TRUE(skipped.ok()) << skipped.status();
    EXPECT_EQ(*skipped, reader.rest());
    absl::StatusOr<Value> args = reader.ReadValue();
    ASSERT_TRUE(args.ok()) << args.status();
    EXPECT_EQ(reader.rest(), "");

    OutBuffer out;
    FrameWriter writer(&out);
    AppendMessageHead(GetParam().dialect, head->type, head->seq, &out);
    ASSERT_TRUE(brine::Encode(*std::move(args), limits_, &out).ok());
    ASSERT_TRUE(writer.End(limits_.max_frame_bytes).ok());
    if (frame[4] == 0) {
      EXPECT_EQ(absl::BytesToHexString(out.ToString()), absl::BytesToHexString(frame));
    } else {
      ++compressed;
      EXPECT_EQ(PayloadOf(out.ToString()), payload);
    }
  }
  EXPECT_EQ(compressed, 1);
}

// The sequence numbers, types and arguments are the same in both dialects.
TEST_P(FrameGoldenTest, MessagesMeanWhatTheySay) {
  const auto message = [this](absl::string_view desc) -> std::string {
    for (const GoldenVector& vector : vectors_) {
      if (vector.at("desc") != desc) continue;
      const std::string payload = PayloadOf(FrameBytes(vector));
      brine::Reader reader(payload, limits_);
      const absl::StatusOr<MessageHead> head = ReadMessageHead(GetParam().dialect, &reader);
      return std::to_string(static_cast<int>(head->type)) + " #" +
             brine::Decode(head->seq, limits_)->DebugString() + " " +
             reader.ReadValue()->DebugString();
    }
    return "no such vector";
  };
  EXPECT_EQ(message("GETROOT request seq 0"), "1 #0 (3, (1, ()))");
  EXPECT_EQ(message("CALL reply 3"), "2 #3 (1, 3)");
  EXPECT_EQ(message("CMP reply NotImplemented"), "2 #12 (1, NotImplemented)");
  EXPECT_EQ(message("StopIteration exception reply"), "3 #9 1");
  EXPECT_EQ(message("PING 'hi'"), "1 #21 (1, (1, ('hi',)))");
  EXPECT_EQ(message("request seq 1000"), "1 #1000 (3, (1, ()))");
}

// All frames of a column arrive as one stream, in pieces of every size up to 100 bytes.
TEST_P(FrameGoldenTest, AStreamOfFramesInAnyPieces) {
  std::string stream;
  std::vector<std::string> expected;
  for (const GoldenVector& vector : vectors_) {
    stream += FrameBytes(vector);
    expected.push_back(PayloadOf(FrameBytes(vector)));
  }
  for (size_t piece = 1; piece <= 100; ++piece) {
    FrameParser parser(limits_);
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size(); at += piece) {
      Arrive(absl::string_view(stream).substr(at, piece), &parser);
      for (;;) {
        const absl::StatusOr<std::optional<absl::string_view>> payload = parser.Next();
        ASSERT_TRUE(payload.ok()) << payload.status();
        if (!payload->has_value()) break;
        got.emplace_back(**payload);
      }
    }
    ASSERT_EQ(got, expected);
    ASSERT_FALSE(parser.inside_frame());
  }
}

TEST_P(FrameGoldenTest, AFrameCutShortIsAwaited) {
  for (const GoldenVector& vector : vectors_) {
    const std::string frame = FrameBytes(vector);
    for (size_t size = 1; size < frame.size(); ++size) {
      FrameParser parser(limits_);
      Arrive(absl::string_view(frame).substr(0, size), &parser);
      const absl::StatusOr<std::optional<absl::string_view>> payload = parser.Next();
      ASSERT_TRUE(payload.ok() && !payload->has_value()) << vector.at("desc") << " " << size;
      ASSERT_TRUE(parser.inside_frame());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, FrameGoldenTest,
                         ::testing::Values(DialectColumn{"v4_1_to_v5_3", Dialect::kV5},
                                           DialectColumn{"v6", Dialect::kV6}),
                         [](const auto& info) {
                           return info.param.dialect == Dialect::kV5 ? "V5" : "V6";
                         });

}  // namespace
}  // namespace rpyc
