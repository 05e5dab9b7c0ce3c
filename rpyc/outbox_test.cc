#include "rpyc/outbox.h"

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/activity.h"
#include "rpyc/byte_budget.h"
#include "rpyc/call_context.h"
#include "rpyc/channel.h"
#include "rpyc/limits.h"
#include "rpyc/out_buffer.h"
#include "rpyc/stream.h"
#include "rpyc/testing/allocation_meter.h"
#include "rpyc/testing/memory_stream.h"

namespace rpyc {
namespace {

// A peer that takes so many bytes, and more when it is told to.
class SlowStream : public Stream {
 public:
  absl::StatusOr<ReadResult> ReadSome(absl::Span<char>, ReadHint, absl::Time) override {
    return ReadResult{ReadResult::kEof};
  }
  absl::StatusOr<ReadResult> ReadAhead(size_t) override {
    ++reads_ahead_;
    return ReadResult{ReadResult::kWouldBlock};
  }
  size_t read_ahead_bytes() const override { return 0; }
  absl::string_view read_ahead() const override { return {}; }
  absl::StatusOr<size_t> WriteSome(absl::Span<const absl::string_view> chunks) override {
    ++writes_;
    if (meanwhile_ != nullptr) std::exchange(meanwhile_, nullptr)();
    if (gone_) return absl::UnavailableError("gone");
    size_t written = 0;
    for (absl::string_view chunk : chunks) {
      const size_t bytes = std::min(chunk.size(), room_ - written);
      got_.append(chunk.data(), bytes);
      written += bytes;
    }
    room_ -= written;
    return written;
  }
  bool Wait(Event, absl::Time) override {
    if (room_when_waited_for_ == 0) return false;
    room_ = std::exchange(room_when_waited_for_, 0);
    return true;
  }
  void Shutdown() override {}

  std::string got_;
  size_t room_ = 0;
  size_t room_when_waited_for_ = 0;
  bool gone_ = false;
  int writes_ = 0;
  int reads_ahead_ = 0;
  std::function<void()> meanwhile_;  // done once, while something is sent
};

class OutboxTest : public testing::Test {
 protected:
  absl::Status Append(absl::string_view text) {
    return outbox_.Append([&](OutBuffer* out) {
      out->Append(text);
      return absl::OkStatus();
    });
  }

  Limits limits_;
  SlowStream stream_;
  FrameParser parser_{limits_};
  CallContext::Caller caller_;
  Activity activity_{limits_, &stream_, &parser_, &caller_};
  Outbox outbox_{limits_, &stream_, &activity_};
};

TEST_F(OutboxTest, SendsAllInOneWrite) {
  stream_.room_ = 100;
  ASSERT_TRUE(Append("one ").ok());
  ASSERT_TRUE(Append("two").ok());
  EXPECT_EQ(outbox_.size(), 7u);
  EXPECT_TRUE(outbox_.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(stream_.got_, "one two");
  EXPECT_EQ(stream_.writes_, 1);
  EXPECT_TRUE(outbox_.empty());
  EXPECT_TRUE(outbox_.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(stream_.writes_, 1);
}

TEST_F(OutboxTest, WhatIsNotTakenInTimeStaysForTheNext) {
  const std::string large(OutBuffer::kMoveThresholdBytes, 'x');
  ASSERT_TRUE(Append("head ").ok());
  ASSERT_TRUE(outbox_
                  .Append([&](OutBuffer* out) {
                    out->AppendOwned(std::string(large));
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(Append(" tail").ok());
  const size_t all = large.size() + 10;
  // In pieces that end within and between the chunks.
  size_t taken = 0;
  for (const size_t room : {size_t{3}, size_t{2}, size_t{1}, large.size() - 1, size_t{2}}) {
    stream_.room_ = room;
    taken += room;
    EXPECT_TRUE(absl::IsDeadlineExceeded(outbox_.Send(absl::InfinitePast(), false)));
    EXPECT_EQ(outbox_.size(), all - taken);
  }
  ASSERT_TRUE(Append(" more").ok());
  EXPECT_EQ(outbox_.size(), all - taken + 5);
  stream_.room_ = 1000;
  EXPECT_TRUE(outbox_.Send(absl::InfinitePast(), false).ok());
  EXPECT_EQ(stream_.got_, "head " + large + " tail more");
  EXPECT_TRUE(outbox_.empty());
}

TEST_F(OutboxTest, ABlockedSenderReadsAhead) {
  ASSERT_TRUE(Append("text").ok());
  stream_.room_when_waited_for_ = 100;
  EXPECT_TRUE(outbox_.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(stream_.got_, "text");
  EXPECT_EQ(stream_.reads_ahead_, 1);
  EXPECT_TRUE(activity_.TryTakeReadSide());  // given back
}

TEST_F(OutboxTest, LeavesTheInputToWhoHasIt) {
  ASSERT_TRUE(activity_.TryTakeReadSide());
  ASSERT_TRUE(Append("text").ok());
  stream_.room_when_waited_for_ = 100;
  EXPECT_TRUE(outbox_.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(stream_.reads_ahead_, 0);
}

TEST_F(OutboxTest, AFailureIsForGood) {
  ASSERT_TRUE(Append("text").ok());
  stream_.gone_ = true;
  EXPECT_TRUE(absl::IsUnavailable(outbox_.Send(absl::InfiniteFuture(), false)));
  stream_.gone_ = false;
  ASSERT_TRUE(Append("more").ok());
  EXPECT_TRUE(absl::IsUnavailable(outbox_.Send(absl::InfiniteFuture(), false)));
  EXPECT_EQ(stream_.got_, "");
}

TEST_F(OutboxTest, AFailedMessageLeavesNothing) {
  EXPECT_FALSE(outbox_.Append([](OutBuffer*) { return absl::InternalError("no"); }).ok());
  EXPECT_TRUE(outbox_.empty());
}

TEST_F(OutboxTest, OutOfMemoryWhileSendingIsAFailureForGood) {
  for (size_t failure = 0;; ++failure) {
    SlowStream stream;
    stream.room_ = 2;
    Outbox outbox(limits_, &stream, &activity_);
    const auto append = [&](size_t bytes) {
      return outbox.Append([&](OutBuffer* out) {
        out->Append(std::string(bytes, 'x'));
        return absl::OkStatus();
      });
    };
    AllocationMeter meter;
    ASSERT_TRUE(append(4).ok());
    stream.meanwhile_ = [&] {
      EXPECT_TRUE(append(1000).ok());
      meter.FailAfter(failure);
    };
    const absl::Status sent = outbox.Send(absl::InfinitePast(), false);
    if (!meter.StopFailing()) {
      EXPECT_GT(failure, 0u) << "nothing was allocated";
      EXPECT_TRUE(absl::IsDeadlineExceeded(sent)) << sent;
      return;
    }
    EXPECT_TRUE(IsOutOfMemory(sent)) << sent;
    // No thread is left sending, and no frame follows half of another.
    EXPECT_EQ(outbox.Send(absl::InfiniteFuture(), false), sent);
    EXPECT_LE(stream.got_.size(), 2u);
  }
}

OutBuffer Frame(absl::string_view text) {
  OutBuffer frame;
  frame.Append(text);
  return frame;
}

TEST_F(OutboxTest, WhatIsPostedIsSentAtOnceAsFarAsThePeerTakesIt) {
  stream_.room_ = 3;
  ASSERT_TRUE(outbox_.Post(Frame("one ")).ok());
  EXPECT_EQ(stream_.got_, "one");
  EXPECT_EQ(outbox_.size(), 1u);
  stream_.room_ = 100;
  ASSERT_TRUE(outbox_.Post(Frame("two ")).ok());
  EXPECT_EQ(stream_.got_, "one") << "behind what others have to send";
  EXPECT_EQ(outbox_.size(), 5u);
  EXPECT_TRUE(outbox_.Send(absl::InfinitePast(), false).ok());
  EXPECT_EQ(stream_.got_, "one two ");
  ASSERT_TRUE(outbox_.Post(Frame("three")).ok());
  EXPECT_EQ(stream_.got_, "one two three");
  EXPECT_TRUE(outbox_.empty());
}

TEST_F(OutboxTest, PostingDoesNotWaitForAThreadThatAppends) {
  stream_.room_ = 100;
  // Under the outbox's lock: were it waited for, this would not end.
  ASSERT_TRUE(outbox_
                  .Append([&](OutBuffer* out) {
                    out->Append("first ");
                    std::thread poster([&] { EXPECT_TRUE(outbox_.Post(Frame("posted ")).ok()); });
                    poster.join();
                    EXPECT_FALSE(outbox_.empty());
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(Append("last").ok());
  EXPECT_EQ(stream_.got_, "") << "what is appended waits to be sent";
  EXPECT_TRUE(outbox_.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(stream_.got_, "first posted last");
}

TEST_F(OutboxTest, AnAppendThatFailsSendsWhatWasPostedMeanwhile) {
  stream_.room_ = 100;
  EXPECT_FALSE(outbox_
                   .Append([&](OutBuffer*) {
                     std::thread poster([&] { EXPECT_TRUE(outbox_.Post(Frame("posted")).ok()); });
                     poster.join();
                     return absl::InternalError("nothing");
                   })
                   .ok());
  EXPECT_EQ(stream_.got_, "posted");
}

TEST_F(OutboxTest, WhatIsPostedToAPeerThatHasGoneIsDropped) {
  stream_.gone_ = true;
  ASSERT_TRUE(outbox_.Post(Frame("x")).ok());
  EXPECT_TRUE(outbox_.empty());
  EXPECT_TRUE(absl::IsUnavailable(outbox_.Send(absl::InfiniteFuture(), false)));
}

TEST(Outbox, WhatIsPostedCountsInTheBudget) {
  const Limits limits;
  SlowStream stream;
  FrameParser parser(limits);
  CallContext::Caller caller;
  Activity activity(limits, &stream, &parser, &caller);
  ByteBudget budget("max_bytes", 4 * ByteBudget::kFreeBytes);
  Outbox outbox(limits, &stream, &activity, &budget);
  const std::string large(3 * ByteBudget::kFreeBytes, 'x');
  ASSERT_TRUE(outbox.Post(Frame(large)).ok());
  EXPECT_GT(budget.used_bytes(), 0);
  EXPECT_TRUE(IsOutOfMemory(outbox.Post(Frame(large))));
  EXPECT_EQ(outbox.size(), large.size());
  stream.room_ = large.size();
  EXPECT_TRUE(outbox.Send(absl::InfiniteFuture(), false).ok());
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(Outbox, WhatThreadsAddTogetherArrivesWhole) {
  constexpr int kThreads = 4;
  constexpr int kMessages = 500;
  auto [mine, theirs] = MemoryStream::MakePair();
  const Limits limits;
  FrameParser parser(limits);
  CallContext::Caller caller;
  Activity activity(limits, mine.get(), &parser, &caller);
  Outbox outbox(limits, mine.get(), &activity);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kMessages; ++i) {
        const std::string message(8, static_cast<char>('a' + t));
        EXPECT_TRUE(outbox
                        .Append([&](OutBuffer* out) {
                          out->Append(message.substr(0, 3));
                          out->Append(message.substr(3));
                          return absl::OkStatus();
                        })
                        .ok());
        EXPECT_TRUE(outbox.Send(absl::InfiniteFuture(), false).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(outbox.empty());
  const std::string got = theirs->Received();
  ASSERT_EQ(got.size(), size_t{8} * kThreads * kMessages);
  for (size_t i = 0; i < got.size(); i += 8) EXPECT_EQ(got.substr(i, 8), std::string(8, got[i]));
}

}  // namespace
}  // namespace rpyc
