#include "tests/client/python_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

extern char** environ;

namespace rpyc {
namespace {

constexpr char kScript[] = "tests/client/server.py";

// The two ends of a pipe: ours and the child's.
struct Pipe {
  Fd read, write;
};

Pipe MakePipe() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::filesystem::path Directory(const std::string& file) {
  return std::filesystem::path(file).parent_path();
}

}  // namespace

std::unique_ptr<PythonServer> PythonServer::Start(const std::string& version,
                                                  const std::vector<std::string>& names) {
  const char* venvs = std::getenv("RPYC_VENVS");
  const std::string python =
      absl::StrCat(venvs == nullptr ? "" : venvs, "/rpyc-", version, "/bin/python");
  if (venvs == nullptr || ::access(python.c_str(), X_OK) != 0) return nullptr;

  std::vector<const char*> arguments = {python.c_str(), "-u", kScript};
  for (const std::string& name : names) arguments.push_back(name.c_str());
  arguments.push_back(nullptr);
  Pipe in = MakePipe(), out = MakePipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  std::unique_ptr<PythonServer> server(new PythonServer());
  const int error = ::posix_spawn(&server->pid_, python.c_str(), &actions, nullptr,
                                  const_cast<char**>(arguments.data()), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    ADD_FAILURE() << "cannot start " << python << ": " << std::strerror(error);
    return nullptr;
  }
  server->stdin_ = std::move(in.write);  // its end is the server's end
  server->stdout_ = std::move(out.read);
  out.write = Fd();
  while (const std::optional<std::string> line = server->ReadLine()) {
    if (*line == "ready") return server;
    const size_t space = line->find(' ');
    const std::string address = line->substr(space + 1);
    server->servers_[line->substr(0, space)] =
        *ParseEndpoint(address.front() == '/' ? absl::StrCat("unix:", address) : address);
  }
  ADD_FAILURE() << python << " " << kScript << " ended before it was ready";
  return nullptr;
}

PythonServer::~PythonServer() { Kill(); }

void PythonServer::Kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  for (const auto& [name, at] : servers_) {
    if (!at.socket_path.empty()) std::filesystem::remove_all(Directory(at.socket_path));
  }
}

const Endpoint& PythonServer::at(const std::string& name) const {
  static const Endpoint nowhere;
  const auto found = servers_.find(name);
  if (found != servers_.end()) return found->second;
  ADD_FAILURE() << "no server " << name;
  return nowhere;
}

std::optional<std::string> PythonServer::ReadLine() {
  for (;;) {
    if (const size_t end = text_.find('\n'); end != std::string::npos) {
      std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      return line;
    }
    char piece[256];
    const ssize_t bytes = ::read(stdout_.get(), piece, sizeof(piece));
    if (bytes <= 0) return std::nullopt;
    text_.append(piece, bytes);
  }
}

}  // namespace rpyc
