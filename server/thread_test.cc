#include "server/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <future>
#include <memory>

namespace rpyc {
namespace {

TEST(Thread, RunsItsBody) {
  std::promise<pthread_t> ran;
  ASSERT_TRUE(StartThread([&ran] { ran.set_value(::pthread_self()); }).ok());
  EXPECT_FALSE(::pthread_equal(ran.get_future().get(), ::pthread_self()));
}

sigset_t BlockedSignals() {
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return blocked;
}

TEST(Thread, TakesNoSignalsButItsOwnFaults) {
  const sigset_t before = BlockedSignals();
  std::promise<sigset_t> ran;
  ASSERT_TRUE(StartThread([&ran] { ran.set_value(BlockedSignals()); }).ok());
  const sigset_t there = ran.get_future().get();
  const sigset_t after = BlockedSignals();
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM, SIGPIPE, SIGRTMIN}) {
    EXPECT_EQ(::sigismember(&there, signal), 1) << signal;
    EXPECT_EQ(::sigismember(&after, signal), ::sigismember(&before, signal)) << signal;
  }
  EXPECT_EQ(::sigismember(&there, SIGSEGV), 0);
  EXPECT_EQ(::sigismember(&there, SIGPROF), 0);
}

TEST(Thread, NoMoreThreadsIsAStatus) {
  pthread_attr_t usual, impossible;
  ASSERT_EQ(::pthread_getattr_default_np(&usual), 0);
  ::pthread_attr_init(&impossible);
  ASSERT_EQ(::pthread_attr_setstacksize(&impossible, size_t{1} << 47), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&impossible), 0);
  auto owned = std::make_shared<int>();
  const absl::Status status = StartThread([owned] { ADD_FAILURE(); });
  ASSERT_EQ(::pthread_setattr_default_np(&usual), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(owned.use_count(), 1) << "the body was not destroyed";
}

}  // namespace
}  // namespace rpyc
