#include "server/kinds/event_loop.h"

#include <sys/socket.h>

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rpyc/fiber.h"
#include "rpyc/mutex.h"
#include "rpyc/sleep.h"
#include "rpyc/thread_id.h"
#include "rpyc/transport/socket.h"
#include "server/kinds/sanitizers.h"

namespace rpyc {
namespace {

class EventLoopTest : public testing::Test {
 protected:
  void Start(int max_fibers = 1000) {
    loop_ = std::make_shared<EventLoop>(EventLoop::Options{
        .label = "test", .max_fibers = max_fibers, .stack_bytes = 256 << 10, .on_ended = [this] {
          ended_.set_value();
        }});
    const absl::Status started = loop_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  ~EventLoopTest() override {
    if (loop_ == nullptr) return;
    loop_->Stop();
    ended_.get_future().wait();
  }

  // Runs `task` on a fiber and waits for its end.
  void Do(std::function<void()> task) {
    std::promise<void> done;
    loop_->Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::pair<Socket, Socket> Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {Socket(Fd(ends[0]), "one", false), Socket(Fd(ends[1]), "other", false)};
  }

  std::shared_ptr<EventLoop> loop_;
  std::promise<void> ended_;
};

TEST_F(EventLoopTest, RunsTasksOnFibersOfItsThread) {
  Start();
  EXPECT_FALSE(loop_->IsCurrent());
  std::thread::id thread;
  Do([&] {
    EXPECT_TRUE(loop_->IsCurrent());
    EXPECT_NE(Fiber::Current(), nullptr);
    EXPECT_EQ(Fiber::Current()->loop(), loop_);
    thread = std::this_thread::get_id();
  });
  EXPECT_NE(thread, std::this_thread::get_id());
  Do([&] { EXPECT_EQ(thread, std::this_thread::get_id()); });
}

// No fiber goes on before all of them sleep.
TEST_F(EventLoopTest, AllSleepAtOnce) {
  constexpr int kSleepers = kSanitizedStackFactor == 1 ? 5000 : 500;
  Start(kSleepers);
  std::atomic<int> begun{0}, left{kSleepers};
  std::promise<void> done;
  for (int i = 0; i < kSleepers; ++i) {
    loop_->Post([&] {
      ++begun;
      do {
        rpyc::SleepFor(absl::Milliseconds(20));
      } while (begun.load() < kSleepers);
      if (--left == 0) done.set_value();
    });
  }
  done.get_future().wait();
  EXPECT_EQ(loop_->stats().peak_busy, kSleepers);
}

TEST_F(EventLoopTest, SleepersWakeInOrder) {
  Start();
  std::vector<int> order;
  std::promise<void> done;
  Do([&] {
    for (const int delay : {30, 10, 20}) {
      loop_->Post([&, delay] {
        rpyc::SleepFor(absl::Milliseconds(delay));
        order.push_back(delay);
        if (order.size() == 3) done.set_value();
      });
    }
  });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30}));
}

TEST_F(EventLoopTest, NoMoreThanSoManyAtATime) {
  Start(/*max_fibers=*/3);
  Mutex mutex;
  CondVar changed;
  bool open = false;
  int inside = 0, most = 0, done = 0;
  for (int i = 0; i < 10; ++i) {
    loop_->Post([&] {
      MutexLock lock(&mutex);
      most = std::max(most, ++inside);
      changed.SignalAll();
      while (!open) changed.Wait(&mutex);
      --inside;
      ++done;
      changed.SignalAll();
    });
  }
  MutexLock lock(&mutex);
  while (inside < 3) changed.Wait(&mutex);
  open = true;
  changed.SignalAll();
  while (done < 10) changed.Wait(&mutex);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(loop_->stats().peak_busy, 3);
  EXPECT_GT(loop_->stats().saturated, 0);
}

TEST_F(EventLoopTest, ACondVarBetweenFibersAndThreads) {
  Start();
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  const auto take_turns = [&](int mine) {
    for (int i = 0; i < 100; ++i) {
      MutexLock lock(&mutex);
      while (turn % 3 != mine) changed.Wait(&mutex);
      ++turn;
      changed.SignalAll();
    }
  };
  std::promise<void> first, second;
  loop_->Post([&] {
    take_turns(0);
    first.set_value();
  });
  loop_->Post([&] {
    take_turns(1);
    second.set_value();
  });
  take_turns(2);
  first.get_future().wait();
  second.get_future().wait();
  EXPECT_EQ(turn, 300);
}

TEST_F(EventLoopTest, ACondVarsDeadlineOnAFiber) {
  Start();
  Do([] {
    Mutex mutex;
    CondVar never;
    MutexLock lock(&mutex);
    const absl::Time deadline = absl::Now() + absl::Milliseconds(5);
    while (never.WaitUntil(&mutex, deadline)) {
    }
    EXPECT_GE(absl::Now(), deadline);
    EXPECT_FALSE(never.WaitUntil(&mutex, absl::InfinitePast()));
  });
}

// Each Signal wakes a waiter, even if some waiters have given up.
TEST_F(EventLoopTest, ASignalIsNotLostToOneThatHasGivenUp) {
  Start();
  Mutex mutex;
  CondVar changed;
  int tokens = 0, got = 0, done = 0;
  constexpr int kWaiters = 50;
  for (int i = 0; i < kWaiters; ++i) {
    loop_->Post([&, i] {
      MutexLock lock(&mutex);
      const absl::Time deadline =
          i % 2 == 0 ? absl::InfiniteFuture() : absl::Now() + absl::Milliseconds(i);
      while (tokens == 0 && changed.WaitUntil(&mutex, deadline)) {
      }
      if (tokens > 0) {
        --tokens;
        ++got;
      }
      ++done;
    });
  }
  for (int i = 0; i < kWaiters; ++i) {
    MutexLock lock(&mutex);
    ++tokens;
    changed.Signal();
  }
  for (;;) {
    MutexLock lock(&mutex);
    if (done == kWaiters) break;
    changed.Signal();
  }
  EXPECT_EQ(got + tokens, kWaiters);
  EXPECT_GE(got, kWaiters / 2);
}

TEST_F(EventLoopTest, EachFiberIsAThreadToPeers) {
  Start();
  Mutex mutex;
  CondVar changed;
  std::set<uint64_t> ids;
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    loop_->Post([&] {
      MutexLock lock(&mutex);
      ids.insert(ThisThreadId());
      changed.SignalAll();
      while (ids.size() < 10) changed.Wait(&mutex);
      ++done;
      changed.SignalAll();
    });
  }
  MutexLock lock(&mutex);
  while (done < 10) changed.Wait(&mutex);
  EXPECT_FALSE(ids.contains(ThisThreadId()));
}

TEST_F(EventLoopTest, AStreamParksItsFiber) {
  Start();
  auto [ours, theirs] = Pair();
  std::promise<std::string> read;
  loop_->Post([&] {
    SocketStream stream(std::move(ours));
    std::string text;
    char piece[3];
    for (;;) {
      const auto got = stream.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
      if (!got.ok() || got->outcome != ReadResult::kData) break;
      text.append(piece, got->bytes);
    }
    read.set_value(text);
  });
  Do([] {});  // the loop still runs
  SocketStream stream(std::move(theirs));
  const absl::string_view text = "0123456789";
  EXPECT_TRUE(stream.WriteAll({text}).ok());
  Do([] {});
  EXPECT_TRUE(stream.WriteAll({text}).ok());
  stream.Shutdown();
  EXPECT_EQ(read.get_future().get(), "01234567890123456789");
}

TEST_F(EventLoopTest, TwoFibersOfOneStream) {
  Start();
  auto [ours, theirs] = Pair();
  SocketStream mine(std::move(ours)), other(std::move(theirs));
  // The kernel does not take so much: the writer parks, and so does the reader of the descriptor.
  const std::string much(4 << 20, 'x');
  std::promise<void> wrote;
  std::promise<size_t> read;
  loop_->Post([&] {
    EXPECT_TRUE(mine.WriteAll({absl::string_view(much)}).ok());
    wrote.set_value();
  });
  loop_->Post([&] {
    char piece[16];
    const auto got = mine.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    read.set_value(got.ok() ? got->bytes : 0);
  });
  Do([] {});
  EXPECT_TRUE(other.WriteAll({absl::string_view("here")}).ok());
  EXPECT_EQ(read.get_future().get(), 4u);
  std::string piece(1 << 16, 0);
  for (size_t got = 0; got < much.size();) {
    const auto some =
        other.ReadSome(absl::MakeSpan(piece.data(), piece.size()), ReadHint::kBetweenFrames);
    ASSERT_TRUE(some.ok() && some->outcome == ReadResult::kData);
    got += some->bytes;
  }
  wrote.get_future().wait();
}

TEST_F(EventLoopTest, AReadsDeadlineOnAFiber) {
  Start();
  auto [ours, theirs] = Pair();
  SocketStream stream(std::move(ours));
  Do([&] {
    char piece[16];
    const auto got = stream.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames,
                                     absl::Now() + absl::Milliseconds(5));
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->outcome, ReadResult::kWouldBlock);
    EXPECT_FALSE(stream.Wait(Stream::Event::kReadable, absl::Now() + absl::Milliseconds(1)));
    EXPECT_TRUE(stream.Wait(Stream::Event::kWritable, absl::InfiniteFuture()));
  });
}

// The loop finds again what is left in the kernel, though epoll reported it only once.
TEST_F(EventLoopTest, WhatIsWatchedIsServedUntilNothingIsThere) {
  Start();
  auto [ours, theirs] = Pair();
  const int fd = ours.fd();
  SocketStream stream(std::move(ours)), peer(std::move(theirs));
  std::promise<std::string> all;
  std::string text;
  uint64_t number = 0;
  Do([&] {
    const absl::StatusOr<uint64_t> watched = loop_->Watch(fd, [&] {
      char one[1];
      const auto got =
          stream.ReadSome(absl::MakeSpan(one), ReadHint::kBetweenFrames, absl::InfinitePast());
      ASSERT_TRUE(got.ok());
      if (got->outcome == ReadResult::kEof) {
        loop_->Unwatch(number);
        return all.set_value(text);
      }
      if (got->outcome == ReadResult::kData) text += one[0];
      loop_->Arm(number, Stream::Event::kReadable);
    });
    ASSERT_TRUE(watched.ok()) << watched.status();
    number = *watched;
  });
  loop_->Arm(number, Stream::Event::kReadable);  // from another thread
  for (const absl::string_view piece : {"abc", "def"}) {
    EXPECT_TRUE(peer.WriteAll({piece}).ok());
    Do([] {});
  }
  peer.Shutdown();
  EXPECT_EQ(all.get_future().get(), "abcdef");
}

TEST_F(EventLoopTest, TasksThatComeTooLateAreDestroyed) {
  Start();
  loop_->Stop();
  ended_.get_future().wait();
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> seen = held;
  loop_->Post([held = std::move(held)] { FAIL(); });
  EXPECT_TRUE(seen.expired());
  loop_ = nullptr;
}

TEST_F(EventLoopTest, DoesNotEndWhileAFiberWaits) {
  Start();
  Mutex mutex;
  CondVar changed;
  bool open = false, waiting = false;
  loop_->Post([&] {
    MutexLock lock(&mutex);
    waiting = true;
    changed.SignalAll();
    while (!open) changed.Wait(&mutex);
  });
  auto ended = ended_.get_future();
  {
    MutexLock lock(&mutex);
    while (!waiting) changed.Wait(&mutex);
    loop_->Stop();
    Do([] {});  // it still serves
    open = true;
    changed.SignalAll();
  }
  ended.wait();
  loop_ = nullptr;
}

}  // namespace
}  // namespace rpyc
