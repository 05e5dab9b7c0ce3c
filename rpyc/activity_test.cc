#include "rpyc/activity.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rpyc/mutex.h"
#include "rpyc/pending_request.h"
#include "rpyc/testing/memory_stream.h"
#include "rpyc/testing/peer.h"
#include "rpyc/thread_id.h"

namespace rpyc {
namespace {

class ActivityTest : public testing::TestWithParam<Dialect> {
 protected:
  ActivityTest() : peer_(GetParam()) { std::tie(client_, stream_) = MemoryStream::MakePair(); }

  void MakeActivity() {
    parser_ = std::make_unique<FrameParser>(limits_);
    activity_ = std::make_unique<Activity>(limits_, stream_.get(), parser_.get(), &caller_);
  }

  // The connection reads `bytes`, which have been sent by now, and runs.
  void ReadAndRun(absl::string_view bytes) {
    client_->Send(bytes);
    TakeInput();
    for (size_t read = 0; read < bytes.size();) {
      absl::StatusOr<ReadResult> some =
          stream_->ReadSome(parser_->PrepareRead(), ReadHint::kBetweenFrames);
      ASSERT_EQ(some->outcome, ReadResult::kData);
      parser_->Commit(some->bytes);
      read += some->bytes;
    }
    ASSERT_TRUE(activity_->BeginRun());
  }
  // Takes the read side, after a run or when there was none.
  void TakeInput() {
    if (activity_->busy()) {
      ASSERT_TRUE(activity_->EndRun());
    } else {
      std::unique_ptr<Job> none;
      ASSERT_EQ(activity_->Wait(nullptr, absl::InfinitePast(), &none),
                Activity::WaitResult::kMayRead);
    }
  }
  void Tick(int times) {
    for (int i = 0; i < times; ++i) activity_->Tick();
  }
  std::string Ping(std::string data) const {
    return peer_.Request(0, Handle::kPing, BoxedValue(MakeTuple({Value(std::move(data))})));
  }
  std::string Close() const { return peer_.Request(7, Handle::kClose, BoxedValue(MakeTuple({}))); }

  Peer peer_;
  Limits limits_;
  std::unique_ptr<MemoryStream> client_;
  std::unique_ptr<MemoryStream> stream_;
  CallContext::Caller caller_;
  std::unique_ptr<FrameParser> parser_;
  std::unique_ptr<Activity> activity_;
};

TEST_P(ActivityTest, WhatRunsLongIsReadAhead) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  client_->Send(Ping("b"));
  Tick(2);
  EXPECT_EQ(stream_->read_ahead_bytes(), 0u);
  Tick(1);
  EXPECT_EQ(stream_->read_ahead(), Ping("b"));
  client_->Send(Ping("c"));
  Tick(1);
  EXPECT_EQ(stream_->read_ahead(), Ping("b") + Ping("c"));

  TakeInput();
  client_->Send(Ping("d"));
  Tick(5);  // not the watcher's any more
  EXPECT_EQ(stream_->read_ahead(), Ping("b") + Ping("c"));
  EXPECT_FALSE(caller_.cancelled);
}

TEST_P(ActivityTest, IdleAndQuickOnesAreLeftAlone) {
  MakeActivity();
  client_->Send("early");
  Tick(10);
  EXPECT_EQ(stream_->read_ahead_bytes(), 0u);
  EXPECT_EQ(client_->Received(), "");
  stream_->Received();
  for (int i = 0; i < 10; ++i) {
    ReadAndRun(Ping("quick"));
    client_->Send("x");
    Tick(2);
    EXPECT_EQ(stream_->read_ahead_bytes(), 0u);
    ASSERT_EQ(stream_->Received(), "x");
  }
}

TEST_P(ActivityTest, TheEndOfTheStreamCancelsAndLeavesTheStreamOpen) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  client_->Send(Ping("b"));
  client_->CloseWrite();
  Tick(3);
  EXPECT_TRUE(caller_.cancelled);
  EXPECT_EQ(stream_->read_ahead(), Ping("b"));
  EXPECT_FALSE(client_->peer_closed());  // the answer may still be wanted
}

// Wherever the parser's part ends and the read-ahead begins, and however the rest arrives.
TEST_P(ActivityTest, CloseIsFoundAmongFrames) {
  const std::string before = Ping("a") + Ping(std::string(200, 'x'));
  const std::string rest = before + Close();
  for (size_t split = 0; split < rest.size(); ++split) {
    SCOPED_TRACE(absl::StrCat("the parser has ", split));
    std::tie(client_, stream_) = MemoryStream::MakePair();
    caller_.cancelled = false;
    MakeActivity();
    ReadAndRun(rest.substr(0, split));
    Tick(2);
    for (char c : rest.substr(split, rest.size() - split - 1)) {
      client_->Send(absl::string_view(&c, 1));
      Tick(1);
      ASSERT_FALSE(caller_.cancelled);
    }
    client_->Send(rest.substr(rest.size() - 1));
    Tick(3);
    EXPECT_TRUE(caller_.cancelled);
    EXPECT_TRUE(client_->peer_closed());
  }
}

TEST_P(ActivityTest, WhatOnlyLooksLikeCloseIsNone) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  const std::string request = Ping(absl::StrCat(std::string(40, 'x'), Close()));
  client_->Send(request.substr(0, request.size() - 1));
  Tick(3);
  client_->Send(request.substr(request.size() - 1));
  client_->Send(peer_.Message(MessageType::kReply, 1, BoxedValue(2)));
  Tick(1);
  EXPECT_FALSE(caller_.cancelled);
  EXPECT_FALSE(client_->peer_closed());
}

TEST_P(ActivityTest, AFullBufferTakesOnlyATrickle) {
  limits_.max_read_ahead_bytes = 1000;
  MakeActivity();
  ReadAndRun(Ping("a"));
  client_->Send(std::string(1'000'000, '\0'));
  Tick(3);
  const size_t first = stream_->read_ahead_bytes();
  EXPECT_LE(first, 1000u + (1 << 20) / 10);
  Tick(1);
  const size_t second = stream_->read_ahead_bytes();
  EXPECT_EQ(second - first, size_t{(1 << 20) / 10});
  EXPECT_FALSE(stream_->Received().empty());  // the rest stays where it is
}

TEST_P(ActivityTest, DrainWaitsForWhatRuns) {
  MakeActivity();
  EXPECT_FALSE(activity_->busy());
  ReadAndRun(Ping("a"));
  EXPECT_TRUE(activity_->busy());
  EXPECT_FALSE(activity_->draining());
  activity_->Drain();
  EXPECT_TRUE(activity_->draining());
  activity_->YieldRunLock(false);  // in the middle of a request
  EXPECT_TRUE(activity_->busy());
  EXPECT_FALSE(activity_->drained());
  activity_->RetakeRunLock(false);
  EXPECT_TRUE(activity_->EndRun());
  EXPECT_TRUE(activity_->drained());
}

TEST_P(ActivityTest, DrainWaitsForWhatIsKept) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  Job job;
  job.bytes = 1;
  activity_->AddJob(std::move(job));
  activity_->Drain();
  EXPECT_FALSE(activity_->EndRun());
  EXPECT_FALSE(activity_->busy());
  EXPECT_FALSE(activity_->drained());
  std::unique_ptr<Job> kept;
  EXPECT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &kept), Activity::WaitResult::kMayRun);
  activity_->EndRun();
  EXPECT_TRUE(activity_->drained());
}

TEST_P(ActivityTest, WhatIsReadWhileOthersRunIsKept) {
  MakeActivity();
  ReadAndRun(Ping("a"));  // this thread runs; another reads
  std::thread([&] {
    PendingRequest awaited;
    std::unique_ptr<Job> none;
    ASSERT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &none),
              Activity::WaitResult::kMayRead);
    EXPECT_FALSE(activity_->BeginRun());
    activity_->AddJob({.seq = "one", .bytes = 10});
    activity_->AddJob({.seq = "two", .bytes = 10});
    activity_->ReleaseReadSide();
    EXPECT_EQ(activity_->Wait(&awaited, absl::Now(), &none), Activity::WaitResult::kMayRead);
    activity_->ReleaseReadSide();
  }).join();
  EXPECT_FALSE(activity_->EndRun());  // jobs come first
  std::unique_ptr<Job> job;
  ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &job), Activity::WaitResult::kMayRun);
  EXPECT_EQ(job->seq, "one");
  EXPECT_FALSE(activity_->EndRun());
  ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &job), Activity::WaitResult::kMayRun);
  EXPECT_EQ(job->seq, "two");
  EXPECT_TRUE(activity_->EndRun());
}

TEST_P(ActivityTest, TooManyJobsStopTheReading) {
  limits_.max_read_ahead_bytes = 100;
  MakeActivity();
  ReadAndRun(Ping("a"));
  std::thread([&] {
    PendingRequest awaited;
    std::unique_ptr<Job> job;
    ASSERT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &job),
              Activity::WaitResult::kMayRead);
    activity_->AddJob({.seq = "large", .bytes = 100});
    EXPECT_FALSE(activity_->HasRoomForJobs());
    activity_->ReleaseReadSide();
    EXPECT_EQ(activity_->Wait(&awaited, absl::Now(), &job), Activity::WaitResult::kTimeout);
    awaited.Answer(Value());
    EXPECT_EQ(activity_->Wait(&awaited, absl::Now(), &job), Activity::WaitResult::kAnswered);
  }).join();
}

TEST_P(ActivityTest, APausedTurnIsOthersUntilItIsTakenAgain) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  activity_->YieldRunLock(false);
  std::thread other([&] {
    std::unique_ptr<Job> none;
    ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &none),
              Activity::WaitResult::kMayRead);
    ASSERT_TRUE(activity_->BeginRun());
    EXPECT_EQ(activity_->depth(), 2);
  });
  other.join();
  std::thread ends([&] {
    if (activity_->EndRun()) activity_->ReleaseReadSide();
  });
  activity_->RetakeRunLock(false);  // not before the other has ended
  EXPECT_EQ(activity_->depth(), 1);
  ends.join();
}

TEST_P(ActivityTest, ABoundTurnIsItsThreadsAlone) {
  MakeActivity();
  ReadAndRun(Ping("a"));
  activity_->YieldRunLock(true);
  PendingRequest awaited;
  std::unique_ptr<Job> job;
  std::thread([&] {
    ASSERT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &job),
              Activity::WaitResult::kMayRead);
    EXPECT_FALSE(activity_->BeginRun());
    activity_->AddJob({.seq = "nested", .bytes = 1});
    activity_->ReleaseReadSide();
    ASSERT_EQ(activity_->Wait(&awaited, absl::Now(), &job), Activity::WaitResult::kMayRead);
    activity_->ReleaseReadSide();
  }).join();
  ASSERT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &job), Activity::WaitResult::kMayRun);
  EXPECT_EQ(job->seq, "nested");
  EXPECT_TRUE(activity_->EndRun());
  activity_->ReleaseReadSide();
  activity_->RetakeRunLock(true);
  EXPECT_TRUE(activity_->EndRun());
}

TEST_P(ActivityTest, WhatIsForAThreadThatIsAboutToWaitIsKeptForIt) {
  MakeActivity();
  const uint64_t caller = ThisThreadId();
  PendingRequest awaited;
  std::unique_ptr<Job> job;
  activity_->BeginCall();
  std::thread([&] {
    std::unique_ptr<Job> none;
    ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &none),
              Activity::WaitResult::kMayRead);
    EXPECT_FALSE(activity_->BeginRun(caller));
    activity_->AddJob({.seq = "the caller's", .bytes = 1, .for_thread = caller});
    EXPECT_EQ(activity_->jobs(), Activity::Jobs::kWaiting);
    activity_->ReleaseReadSide();
  }).join();
  ASSERT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &job), Activity::WaitResult::kMayRun);
  EXPECT_EQ(job->seq, "the caller's");
  EXPECT_TRUE(activity_->EndRun());
  activity_->ReleaseReadSide();
  activity_->EndCall();
  // From now on it would not come.
  std::thread([&] {
    std::unique_ptr<Job> none;
    ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &none),
              Activity::WaitResult::kMayRead);
    EXPECT_TRUE(activity_->BeginRun(caller));
  }).join();
}

TEST_P(ActivityTest, TheEndWakesWhoWaits) {
  MakeActivity();
  std::unique_ptr<Job> none;
  ASSERT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &none),
            Activity::WaitResult::kMayRead);
  // Both are taken, or the thread that waits might take the job.
  ASSERT_TRUE(activity_->BeginRun());
  ASSERT_EQ(activity_->Wait(nullptr, absl::InfinitePast(), &none), Activity::WaitResult::kMayRead);
  std::thread waits([&] {
    PendingRequest awaited;
    std::unique_ptr<Job> job;
    EXPECT_EQ(activity_->Wait(&awaited, absl::InfiniteFuture(), &job),
              Activity::WaitResult::kEnded);
  });
  activity_->AddJob({.seq = "left", .bytes = 1});
  EXPECT_EQ(activity_->End().size(), 1u);
  waits.join();
  EXPECT_EQ(activity_->Wait(nullptr, absl::InfiniteFuture(), &none), Activity::WaitResult::kEnded);
}

// For the sanitizers: one reads and runs, one looks.
TEST_P(ActivityTest, NothingIsLostBetweenTwoThreads) {
  constexpr int kRequests = 2000;
  MakeActivity();
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    while (!done) activity_->Tick();
  });
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) client_->Send(Ping(absl::StrCat("request ", i)));
  });
  int got = 0;
  while (got < kRequests) {
    TakeInput();
    absl::StatusOr<ReadResult> read =
        stream_->ReadSome(parser_->PrepareRead(), ReadHint::kBetweenFrames);
    ASSERT_EQ(read->outcome, ReadResult::kData);
    parser_->Commit(read->bytes);
    for (;;) {
      absl::StatusOr<std::optional<absl::string_view>> payload = parser_->Next();
      ASSERT_TRUE(payload.ok());
      if (!payload->has_value()) break;
      EXPECT_NE((*payload)->find(absl::StrCat("request ", got)), absl::string_view::npos);
      ++got;
    }
    ASSERT_TRUE(activity_->BeginRun());
    std::this_thread::yield();
  }
  done = true;
  watcher.join();
  sender.join();
}

// Checks what a thread that watches the descriptors of many connections is told of one.
class UnattendedTest : public ActivityTest {
 protected:
  UnattendedTest() {
    MakeActivity();
    activity_->OnIdle([this](bool unserved) {
      MutexLock lock(&mutex_);
      told_.push_back(unserved);
    });
  }
  std::vector<bool> told() const {
    MutexLock lock(&mutex_);
    return told_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<bool> told_ ABSL_GUARDED_BY(mutex_);
};

TEST_P(UnattendedTest, WhoGivesTheInputLeavesIt) {
  TakeInput();
  EXPECT_TRUE(told().empty());
  activity_->ReleaseReadSide();
  EXPECT_EQ(told(), std::vector<bool>{false});
  TakeInput();
  activity_->ReleaseReadSide(/*unserved=*/true);
  EXPECT_EQ(told(), (std::vector<bool>{false, true}));
}

TEST_P(UnattendedTest, WhatRunsIsAttended) {
  ReadAndRun(Ping("a"));
  // Another thread waits for an answer, reads and gets it meanwhile.
  PendingRequest awaited;
  std::unique_ptr<Job> none;
  ASSERT_EQ(activity_->Wait(&awaited, absl::InfinitePast(), &none), Activity::WaitResult::kMayRead);
  activity_->ReleaseReadSide();
  EXPECT_TRUE(told().empty());
  ASSERT_TRUE(activity_->EndRun());
  activity_->ReleaseReadSide();
  EXPECT_EQ(told(), std::vector<bool>{false});
}

TEST_P(UnattendedTest, WhoLooksAtNoMessagesForgetsNone) {
  TakeInput();
  activity_->ReleaseReadSide(/*unserved=*/true);
  TakeInput();
  activity_->ReleaseReadSideUnparsed();
  EXPECT_EQ(told(), (std::vector<bool>{true, true}));
  TakeInput();
  activity_->ReleaseReadSide();
  client_->Send(Ping("a"));
  TakeInput();
  ASSERT_TRUE(stream_->ReadAhead(1).ok());
  activity_->ReleaseReadSideUnparsed();
  EXPECT_EQ(told(), (std::vector<bool>{true, true, false, true}));
}

TEST_P(UnattendedTest, WhoWaitsAttends) {
  TakeInput();
  PendingRequest awaited;
  std::atomic<bool> waits{false};
  std::thread waiter([&] {
    std::unique_ptr<Job> none;
    waits.store(true);
    const Activity::WaitResult got = activity_->Wait(&awaited, absl::InfiniteFuture(), &none);
    if (got == Activity::WaitResult::kMayRead) activity_->ReleaseReadSide();
  });
  while (!waits.load()) std::this_thread::yield();
  activity_->ReleaseReadSide();  // to the waiter, should it be there by now: it leaves it then
  waiter.join();
  ASSERT_FALSE(told().empty());
  EXPECT_FALSE(told().back());
}

TEST_P(UnattendedTest, TheEndIsTold) {
  TakeInput();
  activity_->End();
  activity_->ReleaseReadSide();
  EXPECT_EQ(told().size(), 1u);  // so that a thread finds it
}

TEST_P(UnattendedTest, IdleLooksAreCounted) {
  Tick(1);
  const int before = activity_->idle_ticks();
  Tick(3);
  EXPECT_EQ(activity_->idle_ticks(), before + 3);
  TakeInput();
  activity_->ReleaseReadSide();
  Tick(1);
  EXPECT_EQ(activity_->idle_ticks(), 0);
  ReadAndRun(Ping("a"));
  Tick(2);
  EXPECT_EQ(activity_->idle_ticks(), 0);
}

INSTANTIATE_TEST_SUITE_P(Dialects, UnattendedTest, testing::Values(Dialect::kV6));
INSTANTIATE_TEST_SUITE_P(Dialects, ActivityTest, testing::Values(Dialect::kV5, Dialect::kV6));

}  // namespace
}  // namespace rpyc
