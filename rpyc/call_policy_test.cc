#include "rpyc/call_policy.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "rpyc/errors.h"
#include "rpyc/mutex.h"

namespace rpyc {
namespace {

// Pauses for a scope.
class CallPause {
 public:
  explicit CallPause(CallRunner* runner) : runner_(runner), paused_(runner->YieldServiceLock()) {}
  ~CallPause() {
    if (paused_) runner_->RetakeServiceLock();
  }

 private:
  CallRunner* const runner_;
  const bool paused_;
};

std::shared_ptr<CallPolicy> Policy(bool serialized, Executor executor = nullptr) {
  auto policy = std::make_shared<CallPolicy>();
  policy->serialized = serialized;
  policy->executor = std::move(executor);
  return policy;
}

// A program's own loop: one thread that runs what is posted to it.
class Loop {
 public:
  Loop() : thread_([this] { Serve(); }) {}
  ~Loop() {
    Post(nullptr);
    thread_.join();
  }
  Executor executor() {
    return [this](std::function<void()> task) { Post(std::move(task)); };
  }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void Post(std::function<void()> task) {
    MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
    changed_.Signal();
  }
  void Serve() {
    for (;;) {
      std::function<void()> task;
      {
        MutexLock lock(&mutex_);
        while (tasks_.empty()) changed_.Wait(&mutex_);
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      if (task == nullptr) return;
      task();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_;
};

TEST(CallPolicy, WithoutOneCallsJustRun) {
  CallRunner runner(nullptr);
  bool ran = false;
  EXPECT_TRUE(runner
                  .Run([&] {
                    const CallPause pause(&runner);
                    ran = true;
                  })
                  .ok());
  EXPECT_TRUE(ran);
}

// Many connections add to a plain int: a lost update or a race is the failure.
TEST(CallPolicy, SerializedRunsOneCallAtATime) {
  const auto policy = Policy(true);
  int calls = 0;
  std::vector<std::thread> connections;
  for (int i = 0; i < 8; ++i) {
    connections.emplace_back([&] {
      CallRunner runner(policy);
      for (int n = 0; n < 1000; ++n) EXPECT_TRUE(runner.Run([&] { ++calls; }).ok());
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(calls, 8000);
}

TEST(CallPolicy, OthersHaveTheirTurnWhileACallWaitsForItsPeer) {
  const auto policy = Policy(true);
  CallRunner first(policy), second(policy);
  int steps = 0;
  EXPECT_TRUE(first
                  .Run([&] {
                    ++steps;
                    {
                      const CallPause pause(&first);
                      // This would never end if the service lock were not yielded.
                      std::thread([&] { EXPECT_TRUE(second.Run([&] { ++steps; }).ok()); }).join();
                    }
                    ++steps;
                  })
                  .ok());
  EXPECT_EQ(steps, 3);
}

TEST(CallPolicy, ARequestThatComesDuringAPauseTakesItsOwnTurn) {
  const auto policy = Policy(true);
  CallRunner runner(policy);
  std::string order;
  EXPECT_TRUE(runner
                  .Run([&] {
                    order += "a";
                    const CallPause pause(&runner);
                    EXPECT_TRUE(runner
                                    .Run([&] {
                                      order += "b";
                                      const CallPause inner(&runner);
                                      EXPECT_TRUE(runner.Run([&] { order += "c"; }).ok());
                                    })
                                    .ok());
                    // The service lock is free again between the two.
                    CallRunner other(policy);
                    EXPECT_TRUE(other.Run([&] { order += "d"; }).ok());
                  })
                  .ok());
  EXPECT_TRUE(runner.Run([&] { order += "e"; }).ok());
  EXPECT_EQ(order, "abcde");
}

TEST(CallPolicy, ARunWithinARunHasTheTurnAlready) {
  CallRunner runner(Policy(true));
  bool ran = false;
  EXPECT_TRUE(runner.Run([&] { EXPECT_TRUE(runner.Run([&] { ran = true; }).ok()); }).ok());
  EXPECT_TRUE(ran);
}

TEST(CallPolicy, ManyConnectionsThatCallBack) {
  const auto policy = Policy(true);
  int running = 0, calls = 0;
  std::vector<std::thread> connections;
  for (int i = 0; i < 4; ++i) {
    connections.emplace_back([&] {
      CallRunner runner(policy);
      const auto step = [&] {
        EXPECT_EQ(++running, 1);
        ++calls;
        EXPECT_EQ(--running, 0);
      };
      for (int n = 0; n < 300; ++n) {
        EXPECT_TRUE(runner
                        .Run([&] {
                          step();
                          {
                            const CallPause pause(&runner);
                            EXPECT_TRUE(runner.Run(step).ok());
                          }
                          step();
                        })
                        .ok());
      }
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(calls, 4 * 300 * 3);
}

TEST(CallPolicy, RunOnTheProgramsLoop) {
  Loop loop;
  const auto policy = Policy(false, loop.executor());
  int calls = 0;  // of the loop's thread
  std::vector<std::thread> connections;
  for (int i = 0; i < 4; ++i) {
    connections.emplace_back([&] {
      CallRunner runner(policy);
      for (int n = 0; n < 300; ++n) {
        std::thread::id id;
        EXPECT_TRUE(runner
                        .Run([&] {
                          ++calls;
                          id = std::this_thread::get_id();
                        })
                        .ok());
        EXPECT_EQ(id, loop.id());
      }
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(calls, 1200);
}

TEST(CallPolicy, ARequestDuringAPauseStaysOnTheLoop) {
  Loop loop;
  for (const bool serialized : {false, true}) {
    CallRunner runner(Policy(serialized, loop.executor()));
    std::thread::id id;
    EXPECT_TRUE(runner
                    .Run([&] {
                      const CallPause pause(&runner);
                      EXPECT_TRUE(runner.Run([&] { id = std::this_thread::get_id(); }).ok());
                    })
                    .ok());
    EXPECT_EQ(id, loop.id());
  }
}

// Serialized on a pool of threads: a plain int, and each lock given back where it was taken.
TEST(CallPolicy, SerializedOnManyThreads) {
  Loop loops[3];
  std::atomic<unsigned> next{0};
  const auto policy = Policy(
      true, [&](std::function<void()> task) { loops[next++ % 3].executor()(std::move(task)); });
  int calls = 0;
  std::vector<std::thread> connections;
  for (int i = 0; i < 4; ++i) {
    connections.emplace_back([&] {
      CallRunner runner(policy);
      for (int n = 0; n < 200; ++n) {
        EXPECT_TRUE(runner
                        .Run([&] {
                          ++calls;
                          const CallPause pause(&runner);
                        })
                        .ok());
      }
    });
  }
  for (std::thread& connection : connections) connection.join();
  EXPECT_EQ(calls, 800);
}

std::string Failure(const absl::Status& status) {
  return status.ok() ? "no error" : ToException(status).Summary();
}

TEST(CallPolicy, AnExecutorThatDropsTheCall) {
  const auto policy = Policy(true, [](const std::function<void()>&) {});
  CallRunner runner(policy);
  bool ran = false;
  EXPECT_EQ(Failure(runner.Run([&] { ran = true; })),
            "RuntimeError: the service's executor dropped the call");
  EXPECT_FALSE(ran);
}

TEST(CallPolicy, AnExecutorThatDropsTheCallLater) {
  Mutex mutex;
  CondVar changed;
  std::function<void()> kept;
  const auto policy = Policy(false, [&](std::function<void()> task) {
    MutexLock lock(&mutex);
    kept = std::move(task);
    changed.Signal();
  });
  std::thread loop_that_ends([&] {
    std::function<void()> dropped;
    MutexLock lock(&mutex);
    while (kept == nullptr) changed.Wait(&mutex);
    kept.swap(dropped);
  });
  CallRunner runner(policy);
  EXPECT_EQ(Failure(runner.Run([] { ADD_FAILURE() << "ran"; })),
            "RuntimeError: the service's executor dropped the call");
  loop_that_ends.join();
}

TEST(CallPolicy, AnExecutorThatThrows) {
  std::function<void()> kept;
  const auto policy = Policy(false, [&](std::function<void()> task) {
    kept = std::move(task);
    throw std::runtime_error("the loop has ended");
  });
  CallRunner runner(policy);
  bool ran = false;
  EXPECT_EQ(Failure(runner.Run([&] { ran = true; })), "RuntimeError: the loop has ended");
  kept();  // too late: the call's frame is gone
  EXPECT_FALSE(ran);
}

TEST(CallPolicy, AnExecutorThatRunsTheTaskTwiceOrAtOnce) {
  std::function<void()> kept;
  const auto policy = Policy(false, [&](std::function<void()> task) {
    kept = task;
    task();
    task();
  });
  CallRunner runner(policy);
  int calls = 0;
  EXPECT_TRUE(runner.Run([&] { ++calls; }).ok());
  kept();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace rpyc
