// Tests what signals do to a HostMain process while a call runs. host_flags_test and tests/process
// test flags and output.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/testing/caller.h"

namespace rpyc {
namespace {

// Runs a gate_host, and knows the address of its server.
class GateHost {
 public:
  explicit GateHost(const std::string& drain_timeout) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    std::vector<std::string> arguments = {"server/testing/gate_host",
                                          "--admin_address=", "--server=threaded:GATE@127.0.0.1:0",
                                          "--drain_timeout=" + drain_timeout};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    stdout_ = ::fdopen(out[0], "r");
    for (std::string line = ReadLine(); line != "rpycd: ready\n"; line = ReadLine()) {
      if (!absl::SimpleAtoi(line.substr(line.rfind(':') + 1), &server_.port)) {
        ADD_FAILURE() << line;
        break;
      }
    }
    server_.hostname = "127.0.0.1";
  }

  ~GateHost() {
    if (pid_ > 0) Wait(SIGKILL);
    std::fclose(stdout_);
  }

  // Makes a client whose call has begun.
  std::unique_ptr<Caller> Waiting() {
    auto caller = std::make_unique<Caller>(server_);
    caller->Send("wait");
    EXPECT_EQ(ReadLine(), "entered\n");
    return caller;
  }
  const ServerSnapshot& server() const { return server_; }
  void Signal(int signal) const { EXPECT_EQ(::kill(pid_, signal), 0); }
  // Sends the signal, unless it is 0, and waits for the end. Returns the exit code, or -1.
  int Wait(int signal = 0) {
    if (signal != 0) Signal(signal);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string ReadLine() {
    char line[1000];
    return std::fgets(line, sizeof(line), stdout_) == nullptr ? "" : line;
  }

  pid_t pid_ = 0;
  std::FILE* stdout_;
  ServerSnapshot server_;
};

TEST(HostMain, ACallThatRunsIsAnsweredBeforeTheEnd) {
  GateHost host("1h");
  Caller idle(host.server());
  EXPECT_TRUE(idle.Ping(1).ok());
  auto waiting = host.Waiting();
  host.Signal(SIGTERM);
  EXPECT_TRUE(idle.Ended());  // it drains
  host.Signal(SIGUSR1);
  EXPECT_EQ(*waiting->Receive(), Value("waited"));
  EXPECT_TRUE(waiting->Ended());
  EXPECT_EQ(host.Wait(), 0);
}

TEST(HostMain, ACallThatNeverReturnsDoesNotHoldIt) {
  GateHost host("0s");
  auto waiting = host.Waiting();
  EXPECT_EQ(host.Wait(SIGINT), 0);
  EXPECT_TRUE(waiting->Ended());
}

TEST(HostMain, SighupEndsNothing) {
  GateHost host("1h");
  Caller client(host.server());
  EXPECT_TRUE(client.Ping(1).ok());
  host.Signal(SIGHUP);
  EXPECT_TRUE(client.Ping(2).ok());
  EXPECT_EQ(host.Wait(SIGTERM), 0);
}

TEST(HostMain, ASecondSignalEndsItAtOnce) {
  GateHost host("1h");
  Caller idle(host.server());
  EXPECT_TRUE(idle.Ping(1).ok());
  auto waiting = host.Waiting();
  host.Signal(SIGTERM);
  EXPECT_TRUE(idle.Ended());  // it drains
  EXPECT_EQ(host.Wait(SIGTERM), 128 + SIGTERM);
}

// Runs a gate_host that has a thread before HostMain, and sends it SIGTERM once it is ready.
// Returns its output and its exit code.
std::pair<std::string, int> SaidWithThread(const std::string& kind) {
  const std::string command =
      "echo $$; GATE_HOST_THREAD=1 exec server/testing/gate_host --admin_address= --server=" +
      kind + ":GATE@127.0.0.1:0 2>&1";
  std::FILE* const host = ::popen(command.c_str(), "r");
  char line[1000];
  EXPECT_NE(std::fgets(line, sizeof(line), host), nullptr);
  int pid = 0;
  EXPECT_TRUE(absl::SimpleAtoi(line, &pid));
  std::string said;
  while (std::fgets(line, sizeof(line), host) != nullptr) {
    said += line;
    if (std::string(line) == "rpycd: ready\n") ::kill(pid, SIGTERM);
  }
  const int status = ::pclose(host);
  return {said, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

TEST(HostMain, ThatItCannotForkIsSaidToAServerThatNeedsItOnly) {
  const auto [threaded, ended] = SaidWithThread("threaded");
  EXPECT_EQ(ended, 0) << threaded;
  EXPECT_NE(threaded.find("rpycd: ready\n"), threaded.npos);
  EXPECT_EQ(threaded.find("warning"), threaded.npos) << threaded;
  EXPECT_EQ(threaded.find("process"), threaded.npos) << threaded;
  const auto [forking, failed] = SaidWithThread("forking");
  EXPECT_EQ(failed, 1) << forking;
  EXPECT_NE(forking.find("the program has 2 threads already; a zygote is forked first"),
            forking.npos)
      << forking;
}

}  // namespace
}  // namespace rpyc
