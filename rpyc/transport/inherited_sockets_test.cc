#include "rpyc/transport/inherited_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Lets a test use the descriptors from 3 on, and puts the former ones back at its end.
class InheritedSocketsTest : public testing::Test {
 protected:
  static constexpr int kFirst = 3;
  static constexpr int kCount = 3;

  InheritedSocketsTest() {
    for (int i = 0; i < kCount; ++i) {
      saved_.emplace_back(::fcntl(kFirst + i, F_DUPFD_CLOEXEC, 100));
      ::close(kFirst + i);
    }
  }
  ~InheritedSocketsTest() override {
    for (int i = 0; i < kCount; ++i) {
      ::close(kFirst + i);
      if (saved_[i].valid()) ::dup2(saved_[i].get(), kFirst + i);
    }
  }

  // Moves `made` to the descriptor, which a program started here would inherit.
  static void Put(Fd made, int fd) {
    const Fd elsewhere(::fcntl(made.get(), F_DUPFD, 100));
    made.Reset();  // it may have been at `fd`
    EXPECT_EQ(::dup2(elsewhere.get(), fd), fd);
  }
  static void ListenAt(int fd) {
    Fd socket(::socket(AF_INET, SOCK_STREAM, 0));
    const SocketAddress any = *SocketAddress::Resolve("127.0.0.1", 0, false);
    EXPECT_EQ(::bind(socket.get(), any.get(), any.size()), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    Put(std::move(socket), fd);
  }

  static void Announce(const std::string& fds, const std::string& names = "",
                       const std::string& pid = absl::StrCat(::getpid())) {
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", fds.c_str(), 1);
    ::unsetenv("LISTEN_FDNAMES");
    if (!names.empty()) ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
  }

  std::vector<Fd> saved_;
};

TEST_F(InheritedSocketsTest, AreTakenByNameOnceAndStayHere) {
  ListenAt(3);
  ListenAt(4);
  Announce("2", "web:lab.socket");
  {
    InheritedSockets sockets = *InheritedSockets::FromEnvironment();
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      EXPECT_EQ(::getenv(name), nullptr) << name;
    }
    EXPECT_EQ(::fcntl(3, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(4, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(*sockets.Take("lab.socket"), 4);
    EXPECT_EQ(sockets.Untaken(), std::vector<std::string>{"web (descriptor 3)"});
    EXPECT_TRUE(absl::IsAlreadyExists(sockets.Take("lab.socket").status()));
    EXPECT_TRUE(absl::IsAlreadyExists(sockets.Take("4").status())) << "by its number as well";
    const absl::Status unknown = sockets.Take("nosuch").status();
    EXPECT_TRUE(absl::IsNotFound(unknown));
    EXPECT_NE(unknown.message().find("web, lab.socket"), absl::string_view::npos) << unknown;
    EXPECT_EQ(*sockets.Take("3"), 3);
    EXPECT_TRUE(sockets.Untaken().empty());
    EXPECT_TRUE(InheritedSockets::FromEnvironment()->Untaken().empty()) << "there is nothing left";
  }
  EXPECT_FALSE(IsOpen(3));
  EXPECT_FALSE(IsOpen(4));
}

TEST_F(InheritedSocketsTest, AnyListeningSocketHasItsNumber) {
  ListenAt(3);
  {
    InheritedSockets sockets;
    EXPECT_EQ(*sockets.Take("3"), 3);
    EXPECT_EQ(::fcntl(3, F_GETFD), FD_CLOEXEC);
    EXPECT_TRUE(absl::IsAlreadyExists(sockets.Take("3").status()));
  }
  EXPECT_FALSE(IsOpen(3));
}

TEST_F(InheritedSocketsTest, WhatIsNoListeningSocketIsLeftAlone) {
  Put(Fd(::socket(AF_INET, SOCK_STREAM, 0)), 3);
  Put(Fd(::open("/dev/null", O_RDONLY)), 4);
  {
    InheritedSockets sockets;
    for (const char* name : {"3", "4", "5", "99999999999999999999"}) {
      const absl::Status status = sockets.Take(name).status();
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
      EXPECT_NE(status.message().find(name), absl::string_view::npos) << status;
    }
    EXPECT_TRUE(absl::IsNotFound(sockets.Take("").status()));
  }
  EXPECT_TRUE(IsOpen(3));
  EXPECT_TRUE(IsOpen(4));
  Announce("1", "conn");  // systemd passes a connection with Accept=yes
  EXPECT_TRUE(absl::IsInvalidArgument(InheritedSockets::FromEnvironment()->Take("conn").status()));
}

TEST_F(InheritedSocketsTest, ANameOfSeveralIsNone) {
  ListenAt(3);
  ListenAt(4);
  Announce("2");
  InheritedSockets sockets = *InheritedSockets::FromEnvironment();
  const absl::Status status = sockets.Take("unknown").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("3 and 4"), absl::string_view::npos) << status;
  EXPECT_EQ(*sockets.Take("4"), 4);
}

TEST_F(InheritedSocketsTest, WhatIsMeantForAnotherProcessIsNot) {
  ListenAt(3);
  Announce("1", "web", "1");
  InheritedSockets sockets = *InheritedSockets::FromEnvironment();
  EXPECT_TRUE(absl::IsNotFound(sockets.Take("web").status()));
  EXPECT_EQ(::getenv("LISTEN_FDS"), nullptr);
  EXPECT_TRUE(IsOpen(3));
}

TEST_F(InheritedSocketsTest, AnEnvironmentThatCannotBeTrueIsSaid) {
  ListenAt(3);
  const std::pair<const char*, const char*> wrong[] = {
      {"x", ""}, {"-1", ""}, {"2", ""}, {"99999999999", ""}, {"1", "a:b"}, {"1", ":"}};
  for (const auto& [fds, names] : wrong) {
    Announce(fds, names);
    const absl::Status status = InheritedSockets::FromEnvironment().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << fds << " " << names;
    EXPECT_NE(status.message().find("LISTEN_FD"), absl::string_view::npos) << status;
    EXPECT_EQ(::getenv("LISTEN_FDS"), nullptr);
    if (!IsOpen(3)) ListenAt(3);
  }
}

}  // namespace
}  // namespace rpyc
