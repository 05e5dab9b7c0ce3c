// Tests a Host in a program with a main loop, signals and a log of its own.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "rpyc/mutex.h"
#include "rpyc/service.h"
#include "server/host.h"
#include "server/log_sink.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

// The program's own loop, which the test runs on its thread.
class Loop {
 public:
  // Adds a task, or drops it if the loop has been dropped.
  // Threads: any.
  void Post(std::function<void()> task) {
    MutexLock lock(&mutex_);
    if (dropped_) return;
    tasks_.push_back(std::move(task));
    changed_.Signal();
  }

  void RunUntil(const bool& done) {
    while (!done) Take()();
  }

  std::function<void()> Take() {
    MutexLock lock(&mutex_);
    while (tasks_.empty()) changed_.Wait(&mutex_);
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  void WaitForATask() {
    MutexLock lock(&mutex_);
    while (tasks_.empty()) changed_.Wait(&mutex_);
  }

  void Drop() {
    std::deque<std::function<void()>> tasks;
    MutexLock lock(&mutex_);
    dropped_ = true;
    tasks.swap(tasks_);
  }

  Executor executor() {
    return [this](std::function<void()> task) { Post(std::move(task)); };
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
};

// Starts a host with one service on a port of its choice.
absl::StatusOr<std::unique_ptr<Host>> StartHost(Service service, std::string admin_address = "") {
  HostOptions options;
  options.servers = {{.kind = "threaded", .service = service.name()}};
  options.services.push_back(std::move(service));
  options.admin_address = std::move(admin_address);
  return Host::Start(std::move(options));
}

ServerSnapshot OnlyServer(Host& host) { return host.servers().ListServers(false).at(0).snapshot; }

Service Echo() {
  return Service("ECHO").Expose("echo", [](Value x) { return x; });
}

// The blocked signals of each thread of this process but the caller, as a mask: bit 0 is signal 1.
std::vector<uint64_t> BlockedInOtherThreads() {
  std::vector<uint64_t> masks;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      absl::string_view text = line;
      uint64_t mask = 0;
      if (absl::ConsumePrefix(&text, "SigBlk:") && absl::SimpleHexAtoi(text, &mask)) {
        masks.push_back(mask);
      }
    }
  }
  return masks;
}

volatile pid_t handled_by = 0;

TEST(HostEmbedding, SignalsStayTheProgramsOwn) {
  const std::vector<int> signals = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1};
  struct sigaction before = {};
  before.sa_handler = [](int) { handled_by = ::gettid(); };
  for (int signal : signals) ASSERT_EQ(::sigaction(signal, &before, nullptr), 0);
  sigset_t mask_before, mask_after;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask_before);

  absl::StatusOr<std::unique_ptr<Host>> host = StartHost(Echo(), "127.0.0.1:0");
  ASSERT_TRUE(host.ok()) << host.status();
  Caller caller(OnlyServer(**host));
  EXPECT_EQ(*caller.Call("echo", {7}), Value(7));  // has a thread now

  for (int signal : signals) {
    struct sigaction after = {};
    ASSERT_EQ(::sigaction(signal, nullptr, &after), 0);
    EXPECT_EQ(after.sa_handler, before.sa_handler) << signal;
  }
  const std::vector<uint64_t> blocked = BlockedInOtherThreads();
  EXPECT_GE(blocked.size(), 3u) << "acceptor, connection, gRPC's";
  for (uint64_t mask : blocked) {
    for (int signal : signals) EXPECT_TRUE(mask >> (signal - 1) & 1) << signal;
  }
  for (int signal : signals) {
    handled_by = 0;
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_EQ(handled_by, ::gettid()) << signal;
  }
  (*host)->Close(absl::InfiniteDuration());
  host->reset();
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask_after);
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    EXPECT_EQ(::sigismember(&mask_after, signal), ::sigismember(&mask_before, signal)) << signal;
  }
}

TEST(HostEmbedding, CallsRunOnTheProgramsLoopWhichOutlivesTheHost) {
  Loop loop;
  absl::StatusOr<std::unique_ptr<Host>> host =
      StartHost(Service("LOOP").RunOn(loop.executor()).Expose("thread", [] { return ::gettid(); }));
  ASSERT_TRUE(host.ok()) << host.status();

  bool done = false;  // used only on the loop
  absl::StatusOr<Value> answer;
  std::thread client([&] {
    answer = Caller(OnlyServer(**host)).Call("thread");
    // The loop continues while the host closes.
    (*host)->Close(absl::InfiniteDuration());
    loop.Post([&done] { done = true; });
  });
  loop.RunUntil(done);
  client.join();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, Value(::gettid()));
}

TEST(HostEmbedding, TheLoopsOwnThreadMayCloseOnceItHasDroppedItsTasks) {
  Loop loop;
  absl::StatusOr<std::unique_ptr<Host>> host =
      StartHost(Service("LOOP").RunOn(loop.executor()).Expose("never", [] { ADD_FAILURE(); }));
  ASSERT_TRUE(host.ok()) << host.status();
  absl::StatusOr<Value> answer;
  std::thread client([&] { answer = Caller(OnlyServer(**host)).Call("never"); });
  loop.Take()();  // makes the root
  loop.WaitForATask();
  loop.Drop();
  (*host)->Close(absl::InfiniteDuration());
  EXPECT_EQ((*host)->servers().GetTotals().abandoned_calls, 0);
  client.join();
  EXPECT_TRUE(absl::StrContains(answer.status().message(), "executor dropped the call"))
      << answer.status();
}

TEST(HostEmbedding, CloseReturnsThoughTheLoopDoesNotRun) {
  const auto loop = std::make_shared<Loop>();  // the call's thread uses it after the test's end
  absl::StatusOr<std::unique_ptr<Host>> host =
      StartHost(Service("LOOP")
                    .RunOn([loop](std::function<void()> task) { loop->Post(std::move(task)); })
                    .Expose("never", [] { ADD_FAILURE(); }));
  ASSERT_TRUE(host.ok()) << host.status();
  absl::StatusOr<Value> answer;
  std::thread client([&] { answer = Caller(OnlyServer(**host)).Call("never"); });
  loop->Take()();  // makes the root
  loop->WaitForATask();
  (*host)->Close(absl::ZeroDuration());
  EXPECT_EQ((*host)->servers().GetTotals().abandoned_calls, 1);
  client.join();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  host->reset();
  loop->Drop();  // now the call's thread continues, without a host
}

TEST(HostEmbedding, HostsLiveSideBySideAndOneAfterAnother) {
  for (int i = 0; i < 3; ++i) {
    absl::StatusOr<std::unique_ptr<Host>> first = StartHost(Echo(), "127.0.0.1:0");
    absl::StatusOr<std::unique_ptr<Host>> second = StartHost(Echo(), "127.0.0.1:0");
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_NE((*first)->admin_address(), (*second)->admin_address());
    Caller of_first(OnlyServer(**first)), of_second(OnlyServer(**second));
    EXPECT_EQ(*of_first.Call("echo", {1}), Value(1));
    first->reset();
    EXPECT_TRUE(of_first.Ended());
    EXPECT_EQ(*of_second.Call("echo", {2}), Value(2));
    EXPECT_EQ(*Caller(OnlyServer(**second)).Call("echo", {3}), Value(3));
  }
}

TEST(HostEmbedding, TheLogGoesToTheProgram) {
  std::string lines;  // written by one thread at a time, and not after the sink is removed
  SetLogSink(LogLevel::kInfo, [&lines](LogLevel, absl::string_view line) {
    lines.append(line.data(), line.size()).append("\n");
  });
  absl::StatusOr<std::unique_ptr<Host>> host = StartHost(Echo());
  ASSERT_TRUE(host.ok()) << host.status();
  const std::string address = OnlyServer(**host).address();
  (*host)->Close(absl::InfiniteDuration());
  SetLogSink(LogLevel::kInfo, nullptr);
  EXPECT_TRUE(absl::StrContains(lines, "listening on " + address)) << lines;
  EXPECT_TRUE(absl::StrContains(lines, "closed")) << lines;
}

}  // namespace
}  // namespace rpyc
