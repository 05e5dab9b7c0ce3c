#include "server/wait_status.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace rpyc {
namespace {

// Forks a process that does `end`, and returns its wait status.
template <typename End>
int StatusOf(End end) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    end();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

TEST(WaitStatusTest, SaysHowAProcessEnded) {
  EXPECT_EQ(WaitStatusText(StatusOf([] { ::_exit(3); })), "exited with status 3");
  EXPECT_EQ(WaitStatusText(StatusOf([] { ::raise(SIGKILL); })), "died by signal 9 (Killed)");
}

}  // namespace
}  // namespace rpyc
