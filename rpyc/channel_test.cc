#include "rpyc/channel.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/byte_budget.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"

namespace rpyc {
namespace {

constexpr char kNeedsMore[] = "(needs more)";

std::string Frame(absl::string_view payload, char flag = 0, char trailer = '\n') {
  const uint32_t size = payload.size();
  std::string frame = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8), static_cast<char>(size), flag};
  absl::StrAppend(&frame, payload);
  frame.push_back(trailer);
  return frame;
}

// As RPyC does it.
std::string Deflated(absl::string_view raw) {
  uLongf size = compressBound(raw.size());
  std::string compressed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(compressed.data()), &size,
            reinterpret_cast<const Bytef*>(raw.data()), raw.size(), 1);
  compressed.resize(size);
  return compressed;
}

std::string Noise(size_t bytes, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() { Restart(); }

  // A new parser with the present limits.
  void Restart() { parser_.emplace(limits_); }

  // The bytes come in, in reads of at most `most`; returns how many reads it took.
  int Arrive(absl::string_view bytes, size_t most = std::numeric_limits<size_t>::max()) {
    int reads = 0;
    for (; !bytes.empty(); ++reads) {
      const absl::Span<char> space = parser_->PrepareRead();
      EXPECT_FALSE(space.empty());
      const size_t n = std::min({space.size(), bytes.size(), most});
      std::memcpy(space.data(), bytes.data(), n);
      parser_->Commit(n);
      bytes.remove_prefix(n);
    }
    return reads;
  }

  std::string Next() {
    const bool promised = parser_->has_frame();
    const absl::StatusOr<std::optional<absl::string_view>> next = parser_->Next();
    EXPECT_EQ(promised, !next.ok() || next->has_value());
    if (!next.ok()) return std::string(next.status().ToString());
    return next->has_value() ? std::string(**next) : kNeedsMore;
  }

  // One frame comes, is taken, and the parser is asked for space for the next.
  void Exchange(absl::string_view payload) {
    Arrive(Frame(payload));
    EXPECT_TRUE(Next() == payload);
    parser_->PrepareRead();
  }

  size_t capacity() const { return parser_->capacity_bytes(); }

  Limits limits_;
  std::optional<FrameParser> parser_;
};

// --- frames ---

TEST_F(ChannelTest, OneFrame) {
  EXPECT_EQ(Next(), kNeedsMore);
  Arrive(Frame("hello"));
  EXPECT_EQ(parser_->buffered_bytes(), 11u);
  EXPECT_EQ(Next(), "hello");
  EXPECT_EQ(Next(), kNeedsMore);
  EXPECT_EQ(parser_->buffered_bytes(), 0u);
}

TEST_F(ChannelTest, ManyFramesInOneRead) {
  Arrive(Frame("a") + Frame("bc") + Frame(std::string(300, 'd')) + Frame("e").substr(0, 6));
  EXPECT_EQ(Next(), "a");
  EXPECT_EQ(Next(), "bc");
  EXPECT_EQ(Next(), std::string(300, 'd'));
  EXPECT_EQ(Next(), kNeedsMore);
  Arrive("\n");
  EXPECT_EQ(Next(), "e");
}

TEST_F(ChannelTest, OneByteAtATime) {
  const std::string payloads[] = {"a", Noise(100), Deflated(Noise(5000)), "end"};
  for (const std::string& payload : payloads) {
    const bool compressed = payload.size() > 1000;
    const std::string frame = Frame(payload, compressed ? 1 : 0);
    for (size_t i = 0; i + 1 < frame.size(); ++i) {
      EXPECT_EQ(parser_->inside_frame(), i > 0);
      Arrive(frame.substr(i, 1));
      EXPECT_EQ(Next(), kNeedsMore);
    }
    Arrive(frame.substr(frame.size() - 1));
    EXPECT_FALSE(parser_->inside_frame());
    EXPECT_EQ(Next(), compressed ? Noise(5000) : payload);
  }
}

TEST_F(ChannelTest, TrailerIsAwaitedButNotChecked) {
  Arrive(Frame("abc", 0, 'X').substr(0, 8));
  EXPECT_EQ(Next(), kNeedsMore);
  EXPECT_TRUE(parser_->inside_frame());
  Arrive("X");
  EXPECT_EQ(Next(), "abc");
}

TEST_F(ChannelTest, EmptyFramesAreSkipped) {
  Arrive(Frame("") + Frame("") + Frame("a") + Frame(""));
  EXPECT_EQ(Next(), "a");
  EXPECT_FALSE(parser_->inside_frame());
  EXPECT_EQ(Next(), kNeedsMore);
  Arrive(Frame("").substr(0, 5));
  EXPECT_TRUE(parser_->inside_frame());
  EXPECT_EQ(Next(), kNeedsMore);
}

TEST_F(ChannelTest, InsideFrameLooksBehindCompleteFrames) {
  Arrive(Frame("a") + Frame(""));
  EXPECT_FALSE(parser_->inside_frame());
  Arrive(Frame("b").substr(0, 3));
  EXPECT_TRUE(parser_->inside_frame());
  EXPECT_EQ(Next(), "a");
  EXPECT_TRUE(parser_->inside_frame());
}

TEST_F(ChannelTest, PayloadsAreGivenInPlace) {
  Arrive(Frame("first") + Frame("second"));
  const absl::string_view first = **parser_->Next();
  const absl::string_view second = **parser_->Next();
  EXPECT_EQ(second.data(), first.data() + first.size() + 6);
  EXPECT_EQ(first, "first");
}

TEST_F(ChannelTest, RandomFramesInRandomPieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Restart();
    std::string stream;
    std::vector<std::string> expected;
    for (int i = random() % 30; i >= 0; --i) {
      const size_t size = random() % 2 ? random() % 100 : random() % 20'000;
      const std::string payload = Noise(size, random());
      if (!payload.empty()) expected.push_back(payload);
      const bool compress = !payload.empty() && random() % 3 == 0;
      stream += compress ? Frame(Deflated(payload), 1) : Frame(payload);
    }
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size();) {
      const size_t piece = 1 + random() % (random() % 2 ? 50 : 30'000);
      Arrive(absl::string_view(stream).substr(at, piece));
      at += piece;
      // Sometimes frames pile up unread.
      while (random() % 4 != 0 && parser_->has_frame()) got.push_back(Next());
    }
    while (parser_->has_frame()) got.push_back(Next());
    ASSERT_TRUE(got == expected) << round;
    ASSERT_FALSE(parser_->inside_frame());
  }
}

TEST_F(ChannelTest, RandomMutations) {
  std::mt19937 random(11);
  limits_.max_frame_bytes = 1 << 16;
  limits_.max_inflated_bytes = 1 << 16;
  const std::string good =
      Frame("a") + Frame(Deflated(Noise(4000)), 1) + Frame(Deflated(std::string(9000, 'z')), 1);
  int errors = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = good;
    for (int i = random() % 3; i >= 0; --i) bytes[random() % bytes.size()] = random();
    Restart();
    Arrive(bytes, 1 + random() % 5000);
    for (std::string next = Next(); next != kNeedsMore; next = Next()) {
      if (!absl::StrContains(next, ": channel: ")) continue;
      ++errors;
      break;
    }
    ASSERT_LT(capacity(), 1u << 18);
  }
  EXPECT_GT(errors, 1'000);
}

// --- limits ---

TEST_F(ChannelTest, FrameSizeIsLimitedExactly) {
  limits_.max_frame_bytes = 100;
  Restart();
  Arrive(Frame(std::string(100, 'x')));
  EXPECT_EQ(Next(), std::string(100, 'x'));
  Arrive(Frame(std::string(101, 'x')).substr(0, 4));
  EXPECT_EQ(Next(), kNeedsMore);
  Arrive(std::string(1, '\0') + std::string(101, 'x') + "\n");
  EXPECT_EQ(Next(), "RESOURCE_EXHAUSTED: channel: frame of 101 bytes exceeds max_frame_bytes 100");
  EXPECT_TRUE(parser_->can_go_on());
  Exchange("the next");
  Arrive(Frame("ok") + std::string("\xFF\xFF\xFF\xFF\0", 5));
  EXPECT_EQ(Next(), "ok");
  EXPECT_EQ(Next(),
            "RESOURCE_EXHAUSTED: channel: frame of 4294967295 bytes exceeds max_frame_bytes 100");
  EXPECT_FALSE(parser_->can_go_on()) << "nobody sends that much, nor waits for it";
}

TEST_F(ChannelTest, WhatIsTooLongIsRefusedOnceItsHeadIsThereAndTheRestIsDropped) {
  limits_.max_frame_bytes = 1 << 20;
  Restart();
  const std::string payload = "head" + Noise(8 << 20);
  for (const bool compressed : {false, true}) {
    const std::string frame = compressed ? Frame(Deflated(payload), 1) : Frame(payload);
    Arrive(frame.substr(0, 100), 7);
    EXPECT_EQ(Next(), kNeedsMore);
    Arrive(frame.substr(100, 2000));
    EXPECT_TRUE(absl::StrContains(Next(), "exceeds max_frame_bytes 1048576"));
    EXPECT_EQ(parser_->refused_head(), payload.substr(0, FrameParser::kHeadBytes));
    EXPECT_TRUE(parser_->inside_frame());
    EXPECT_EQ(parser_->skipped_bytes(), frame.size() - 2100);
    Arrive(absl::string_view(frame).substr(2100, frame.size() - 2101));
    EXPECT_EQ(Next(), kNeedsMore);
    EXPECT_LE(capacity(), 64u << 10);
    Arrive("\n" + Frame("next"));
    EXPECT_EQ(Next(), "next");
    EXPECT_FALSE(parser_->inside_frame());
  }
}

TEST_F(ChannelTest, AnotherProtocolIsRefusedAtOnceAndCanStillBeSeen) {
  const std::string kHello("\x16\x03\x01\x02\x05\x01\x00\x02\x01\x03", 10);  // TLS
  for (const std::string& first : {kHello, std::string("GET / HTTP/1.1\r\n")}) {
    Restart();
    Arrive(first);
    EXPECT_TRUE(absl::StrContains(Next(), "exceeds max_frame_bytes"));
    EXPECT_FALSE(parser_->can_go_on());
    EXPECT_EQ(parser_->incomplete_frame(), first);
  }
}

TEST_F(ChannelTest, AShortHeadIsWaitedForOnlyAsLongAsThePayload) {
  limits_.max_frame_bytes = 10;
  Restart();
  Arrive(Frame(std::string(20, 'x')) + Frame("next"));
  EXPECT_TRUE(absl::StrContains(Next(), "exceeds max_frame_bytes 10"));
  EXPECT_EQ(parser_->refused_head(), std::string(20, 'x'));
  EXPECT_EQ(Next(), "next");
}

TEST_F(ChannelTest, WhatInflatesTooFarIsRefusedAndTheNextFrameServed) {
  limits_.max_inflated_bytes = 1 << 20;
  Restart();
  const std::string payload = "head" + std::string(2 << 20, 'x');
  Arrive(Frame(Deflated(payload), 1) + Frame("next"));
  EXPECT_TRUE(absl::StrContains(Next(), "inflates to more than max_inflated_bytes 1048576"));
  EXPECT_EQ(parser_->refused_head(), payload.substr(0, FrameParser::kHeadBytes));
  EXPECT_EQ(Next(), "next");
}

TEST_F(ChannelTest, WhatABudgetHasNoRoomForIsRefusedAndItsMemoryGivenBack) {
  ByteBudget budget("the server's max_total_bytes", 4 << 20);
  ByteBudget first_frame_budget("the newcomers' part", 1 << 20, &budget);
  parser_.emplace(limits_, &first_frame_budget);
  const std::string payload = "head" + Noise(3 << 20);
  const std::string frame = Frame(payload);
  for (const bool known : {false, true}) {
    if (known) Exchange("a first frame");
    Arrive(absl::string_view(frame).substr(0, 200 << 10));
    parser_->PrepareRead();  // offers more than what has come
    EXPECT_EQ(first_frame_budget.used_bytes() > 0, !known);
    EXPECT_GT(budget.used_bytes(), 0);
    Arrive(absl::string_view(frame).substr(200 << 10));
    if (known) {
      EXPECT_EQ(Next(), payload);
    } else {
      EXPECT_TRUE(absl::StrContains(Next(), "exceed the newcomers' part, 1048576"));
      EXPECT_EQ(parser_->refused_head(), payload.substr(0, FrameParser::kHeadBytes));
      EXPECT_EQ(budget.used_bytes(), 0);
    }
  }
  ByteCharge others(&budget);
  parser_->FreeIfEmpty();
  ASSERT_TRUE(others.Resize(3 << 20).ok());
  Arrive(frame);
  EXPECT_TRUE(absl::StrContains(Next(), "exceed the server's max_total_bytes, 4194304"));
  Exchange("small");
  Arrive(Frame(Deflated(std::string(3 << 20, 'x')), 1));
  EXPECT_TRUE(absl::StrContains(Next(), "exceed the server's max_total_bytes, 4194304"));
  Exchange("small");
  others.ShrinkTo(0);
  Arrive(frame);
  EXPECT_EQ(Next(), payload);
  parser_.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST_F(ChannelTest, LargestPossibleFrameIsOnlyAskedFor) {
  limits_.max_frame_bytes = std::numeric_limits<uint32_t>::max();
  Restart();
  Arrive(std::string("\xFF\xFF\xFF\xFF\0abc", 8));
  EXPECT_EQ(Next(), kNeedsMore);
  EXPECT_TRUE(parser_->inside_frame());
  parser_->PrepareRead();
  EXPECT_LE(capacity(), 16u << 10);
}

TEST_F(ChannelTest, MemoryFollowsWhatArrivedNotWhatIsClaimed) {
  const std::string frame = Frame(std::string(64 << 20, 'x'));
  size_t arrived = 0;
  for (size_t piece = 10; arrived + piece < frame.size(); piece *= 2) {
    Arrive(absl::string_view(frame).substr(arrived, piece));
    arrived += piece;
    parser_->PrepareRead();
    ASSERT_LE(capacity(), std::max(4 * arrived, size_t{16} << 10));
  }
  Arrive(absl::string_view(frame).substr(arrived));
  EXPECT_EQ(capacity(), frame.size());
  EXPECT_EQ(Next().size(), 64u << 20);
}

// --- space for reading ---

TEST_F(ChannelTest, BulkTakesFewReads) {
  const std::string mib(1 << 20, 'x');
  EXPECT_LE(Arrive(Frame(mib)), 6);
  EXPECT_TRUE(Next() == mib);
  EXPECT_EQ(Arrive(Frame(mib)), 1);
  EXPECT_TRUE(Next() == mib);
}

TEST_F(ChannelTest, PipelinedSmallFramesComeManyAtOnce) {
  std::string many;
  for (int i = 0; i < 3'000; ++i) many += Frame(std::string(70, 'x'));
  absl::string_view coming = many;
  int reads = 0;
  int frames = 0;
  for (; !coming.empty(); ++reads) {
    const size_t space = parser_->PrepareRead().size();
    EXPECT_GE(space, capacity() / 2);
    Arrive(coming.substr(0, space), space);
    coming.remove_prefix(std::min(space, coming.size()));
    for (; parser_->has_frame(); ++frames) Next();
  }
  EXPECT_EQ(frames, 3'000);
  EXPECT_LE(reads, 9);  // 256 bytes, 1 KiB, 4, 16, then 64 at a time
  EXPECT_EQ(capacity(), 64u << 10);
}

TEST_F(ChannelTest, PingPongStaysSmall) {
  for (int i = 0; i < 1'000; ++i) Exchange(std::string(70, 'x'));
  EXPECT_EQ(capacity(), 256u);
}

TEST_F(ChannelTest, VeryLargeBufferIsGivenBackAtOnce) {
  const std::string large(16 << 20, 'x');
  Exchange(large);
  EXPECT_EQ(capacity(), 256u);
  // But the next such frame is believed.
  Arrive(Frame(large).substr(0, 100));
  parser_->PrepareRead();
  EXPECT_EQ(capacity(), large.size() + 6);
}

TEST_F(ChannelTest, LargeBufferIsKeptWhileItIsNeeded) {
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    Exchange(large);
    EXPECT_GE(capacity(), large.size());
    Exchange("small");
    EXPECT_GE(capacity(), large.size());
  }
  for (int i = 0; i < 30; ++i) Exchange("small");
  EXPECT_EQ(capacity(), 256u);
}

TEST_F(ChannelTest, InflatedBufferIsGivenBackToo) {
  const std::string text(1 << 20, 'x');
  Arrive(Frame(Deflated(text), 1));
  EXPECT_TRUE(Next() == text);
  EXPECT_GE(capacity(), text.size());
  for (int i = 0; i < 30; ++i) Exchange("small");
  EXPECT_LE(capacity(), 64u << 10);
}

// --- compression ---

TEST_F(ChannelTest, AnyNonZeroFlagMeansZlib) {
  for (char flag : {1, 7, -1}) {
    Arrive(Frame(Deflated("compressed"), flag));
    EXPECT_EQ(Next(), "compressed");
  }
}

TEST_F(ChannelTest, InflatesMoreThanItsFirstGuess) {
  const std::string text(3 << 20, 'a');
  Arrive(Frame(Deflated(text), 1) + Frame(Deflated(Noise(3 << 20)), 1));
  EXPECT_TRUE(Next() == text);
  EXPECT_TRUE(Next() == Noise(3 << 20));
}

// Python: zlib.decompress(zlib.compress(b"x") + b"junk") == b"x".
TEST_F(ChannelTest, BytesAfterTheStreamAreIgnored) {
  Arrive(Frame(Deflated("x") + "junk", 1));
  EXPECT_EQ(Next(), "x");
}

TEST_F(ChannelTest, BadStreamsAreRefused) {
  const auto refused = [this](const std::string& payload) {
    Restart();
    Arrive(Frame(payload, 1));
    return Next();
  };
  const std::string good = Deflated(Noise(2000));
  for (size_t size : {size_t{1}, size_t{2}, size_t{10}, good.size() - 4, good.size() - 1}) {
    EXPECT_EQ(refused(good.substr(0, size)),
              absl::StrCat("INVALID_ARGUMENT: channel: cannot inflate a payload of ", size,
                           " bytes: incomplete stream"));
  }
  EXPECT_EQ(refused("plain"),
            "INVALID_ARGUMENT: channel: cannot inflate a payload of 5 bytes: "
            "incorrect header check");
  std::string wrong_sum = good;
  wrong_sum.back() ^= 1;
  EXPECT_EQ(refused(wrong_sum),
            absl::StrCat("INVALID_ARGUMENT: channel: cannot inflate a payload of ", good.size(),
                         " bytes: incorrect data check"));
  EXPECT_EQ(refused(""),
            "INVALID_ARGUMENT: channel: cannot inflate a payload of 0 bytes: incomplete stream");
  EXPECT_EQ(refused(Deflated("")), "INVALID_ARGUMENT: channel: compressed payload of no bytes");
  // A preset dictionary.
  EXPECT_TRUE(absl::StartsWith(refused("\x78\xbb\x01\x02\x03\x04 more"), "INVALID_ARGUMENT"));
}

TEST_F(ChannelTest, InflatedSizeIsLimitedExactly) {
  for (uint32_t limit : {0u, 1u, 1000u, 1024u, 100'000u}) {
    limits_.max_inflated_bytes = limit;
    Restart();
    if (limit > 0) {
      Arrive(Frame(Deflated(std::string(limit, 'x')), 1));
      EXPECT_TRUE(Next() == std::string(limit, 'x'));
    }
    const std::string over = Deflated(std::string(limit + 1, 'x'));
    Arrive(Frame(over, 1));
    EXPECT_EQ(Next(), absl::StrCat("RESOURCE_EXHAUSTED: channel: payload of ", over.size(),
                                   " bytes inflates to more than max_inflated_bytes ", limit));
  }
}

TEST_F(ChannelTest, ABombEndsAtTheLimit) {
  limits_.max_inflated_bytes = 1 << 20;
  Restart();
  Arrive(Frame(Deflated(std::string(64 << 20, '\0')), 1));
  EXPECT_TRUE(absl::StrContains(Next(), "inflates to more than max_inflated_bytes 1048576"));
  EXPECT_LE(capacity(), (3u << 20));
}

TEST_F(ChannelTest, ASmallPayloadDoesNotTakeTheLimit) {
  Arrive(Frame(Deflated("tiny"), 1));
  EXPECT_EQ(Next(), "tiny");
  EXPECT_LE(capacity(), 4096u);
  Restart();
  Arrive(Frame(Deflated(Noise(50'000)).substr(0, 2000), 1));
  EXPECT_TRUE(absl::StrContains(Next(), "incomplete stream"));
  EXPECT_LE(capacity(), 16u << 10);
}

// --- writing ---

TEST(FrameWriterTest, FramesWhatIsAppended) {
  OutBuffer out;
  for (absl::string_view payload : {"", "a", "hello world"}) {
    const size_t start = out.size();
    FrameWriter frame(&out);
    out.Append(payload);
    ASSERT_TRUE(frame.End(100).ok());
    EXPECT_EQ(out.ToString().substr(start), Frame(payload));
  }
}

TEST(FrameWriterTest, LongPayloadIsNotCopied) {
  OutBuffer out;
  std::string text(OutBuffer::kMoveThresholdBytes, 'x');
  const std::string expected = Frame("head" + text + "tail");
  const char* storage = text.data();
  FrameWriter frame(&out);
  out.Append("head");
  out.AppendOwned(std::move(text));
  out.Append("tail");
  ASSERT_TRUE(frame.End(1 << 20).ok());
  EXPECT_EQ(out.ToString(), expected);
  EXPECT_EQ(out.Chunks()[1].data(), storage);
}

TEST(FrameWriterTest, OverTheLimitTheFrameIsRemoved) {
  OutBuffer out;
  out.Append("before");
  FrameWriter fits(&out);
  out.Append("12345");
  EXPECT_TRUE(fits.End(5).ok());
  const std::string before = out.ToString();
  FrameWriter over(&out);
  out.Append("123456");
  EXPECT_EQ(over.End(5).ToString(), "RESOURCE_EXHAUSTED: channel: frame of 6 bytes exceeds 5");
  EXPECT_EQ(out.ToString(), before);
}

TEST(FrameWriterTest, AbandonRemovesTheFrame) {
  OutBuffer out;
  out.Append("before");
  FrameWriter frame(&out);
  out.Append("half");
  out.AppendOwned(std::string(OutBuffer::kMoveThresholdBytes, 'x'));
  frame.Abandon();
  EXPECT_EQ(out.ToString(), "before");
}

}  // namespace
}  // namespace rpyc
