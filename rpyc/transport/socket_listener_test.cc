#include "rpyc/transport/socket_listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "rpyc/transport/endpoint.h"

namespace rpyc {
namespace {

constexpr absl::string_view kLoopback = "127.0.0.1";

SocketAddress Tcp(absl::string_view host, int port) {
  return *SocketAddress::Resolve(std::string(host), port, false);
}

// The address at which clients reach `listener`.
SocketAddress AddressOf(const SocketListener& listener) {
  const Endpoint& endpoint = listener.endpoint();
  return endpoint.socket_path.empty() ? Tcp(endpoint.host, endpoint.port)
                                      : *SocketAddress::Unix(endpoint.socket_path);
}

int Option(const Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(socket.fd(), level, name, &value, &size), 0);
  return value;
}

bool Exists(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0;
}

// A folder with a name short enough for a unix socket in it, which TEST_TMPDIR has not.
class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    EXPECT_NE(::mkdtemp(folder_), nullptr);
    path_ = std::string(folder_) + "/x.sock";
  }
  ~ListenerTest() override {
    ::unlink(path_.c_str());
    EXPECT_EQ(::rmdir(folder_), 0) << "something was left in " << folder_;
  }

  absl::StatusOr<std::unique_ptr<SocketListener>> OpenPath() {
    return SocketListener::Open(*SocketAddress::Unix(path_), {});
  }

  char folder_[24] = "/tmp/rpyc-test-XXXXXX";
  std::string path_;
};

TEST_F(ListenerTest, AcceptsOverTcp) {
  auto listener = *SocketListener::Open(Tcp(kLoopback, 0), {});
  EXPECT_NE(listener->endpoint().port, 0);
  absl::StatusOr<Socket> client = Socket::Connect(AddressOf(*listener));
  ASSERT_TRUE(client.ok()) << client.status();
  absl::StatusOr<Socket> accepted = listener->Accept();
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_EQ(accepted->peer(), SocketAddress::OfLocal(client->fd()).ToString());
  EXPECT_EQ(client->peer(), listener->endpoint().ToString());
  EXPECT_NE(Option(*accepted, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(Option(*accepted, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(Option(*accepted, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(Option(*accepted, IPPROTO_TCP, TCP_KEEPINTVL), 60);
  EXPECT_EQ(Option(*accepted, IPPROTO_TCP, TCP_KEEPCNT), 5);
  EXPECT_EQ(Option(*accepted, SOL_SOCKET, SO_REUSEPORT), 0);
}

TEST_F(ListenerTest, AcceptsOverIpv6) {
  auto listener = SocketListener::Open(Tcp("::1", 0), {});
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  EXPECT_EQ((*listener)->endpoint().ToString().substr(0, 6), "[::1]:");
  absl::StatusOr<Socket> client = Socket::Connect(AddressOf(**listener));
  EXPECT_TRUE((*listener)->Accept().ok());
}

TEST_F(ListenerTest, TheIpv6WildcardTakesIpv4Too) {
  auto both = SocketListener::Open(Tcp("::", 0), {});
  if (!both.ok()) GTEST_SKIP() << "no IPv6 here: " << both.status();
  EXPECT_EQ((*both)->endpoint().host, "::");
  const int port = (*both)->endpoint().port;
  absl::StatusOr<Socket> ipv4 = Socket::Connect(Tcp(kLoopback, port));
  ASSERT_TRUE(ipv4.ok()) << ipv4.status();
  EXPECT_EQ((*both)->Accept()->peer(), SocketAddress::OfLocal(ipv4->fd()).ToString());
  absl::StatusOr<Socket> ipv6 = Socket::Connect(Tcp("::1", port));
  ASSERT_TRUE(ipv6.ok()) << ipv6.status();
  EXPECT_EQ((*both)->Accept()->peer(), SocketAddress::OfLocal(ipv6->fd()).ToString());
  EXPECT_FALSE(SocketListener::Open(Tcp("0.0.0.0", port), {}).ok()) << "it has this port too";
}

TEST_F(ListenerTest, TheIpv6WildcardAloneIfAsked) {
  auto alone = SocketListener::Open(Tcp("::", 0), {.ipv6_only = true});
  if (!alone.ok()) GTEST_SKIP() << "no IPv6 here: " << alone.status();
  const int port = (*alone)->endpoint().port;
  EXPECT_FALSE(Socket::Connect(Tcp(kLoopback, port)).ok());
  EXPECT_TRUE(Socket::Connect(Tcp("::1", port)).ok());
}

TEST_F(ListenerTest, SaysThatAnAddressIsInUse) {
  auto first = *SocketListener::Open(Tcp(kLoopback, 0), {});
  const absl::Status second = SocketListener::Open(AddressOf(*first), {}).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition) << second;
  EXPECT_NE(second.message().find(first->endpoint().ToString()), absl::string_view::npos);
  // The port is free again at once, even after connections.
  absl::StatusOr<Socket> client = Socket::Connect(AddressOf(*first));
  EXPECT_TRUE(first->Accept().ok());
  const SocketAddress address = AddressOf(*first);
  first.reset();
  EXPECT_TRUE(SocketListener::Open(address, {}).ok());
}

TEST_F(ListenerTest, SaysThatAnAddressIsNotOurs) {
  // This address is of TEST-NET-1, which no machine has.
  const absl::Status status = SocketListener::Open(Tcp("192.0.2.1", 0), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

TEST_F(ListenerTest, StopWakesAccept) {
  auto tcp = *SocketListener::Open(Tcp(kLoopback, 0), {});
  auto unix_socket = *OpenPath();
  for (SocketListener* listener : {tcp.get(), unix_socket.get()}) {
    auto accepted =
        std::async(std::launch::async, [listener] { return listener->Accept().status(); });
    listener->Stop();
    EXPECT_EQ(accepted.get().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(listener->Accept().status().code(), absl::StatusCode::kCancelled);
    EXPECT_FALSE(Socket::Connect(AddressOf(*listener)).ok());
  }
}

TEST_F(ListenerTest, OutOfDescriptorsClosesAConnectionAndGoesOn) {
  auto listener = *SocketListener::Open(Tcp(kLoopback, 0), {});
  absl::StatusOr<Socket> refused = Socket::Connect(AddressOf(*listener));
  absl::StatusOr<Socket> served = Socket::Connect(AddressOf(*listener));
  rlimit limit, lowered;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  lowered = limit;
  const Fd next(::dup(0));
  lowered.rlim_cur = next.get() + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  std::vector<Fd> holes;
  while (holes.emplace_back(::dup(0)).valid()) {
  }
  const absl::Status status = listener->Accept().status();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  char byte;
  EXPECT_LE(::recv(refused->fd(), &byte, 1, 0), 0);
  absl::StatusOr<Socket> accepted = listener->Accept();
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->peer(), SocketAddress::OfLocal(served->fd()).ToString());
}

TEST_F(ListenerTest, StopWakesAnAcceptWithoutDescriptors) {
  auto listener = *SocketListener::Open(Tcp(kLoopback, 0), {});
  rlimit limit, lowered;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  lowered = limit;
  lowered.rlim_cur = 1;  // stdin has the only one; poll needs one for each descriptor
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  auto accepted = std::async(std::launch::async, [&] { return listener->Accept().status(); });
  listener->Stop();
  EXPECT_EQ(accepted.get().code(), absl::StatusCode::kCancelled);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(ListenerTest, UnixSocketIsOursAloneAndGoesWithTheListener) {
  auto listener = *OpenPath();
  EXPECT_EQ(listener->endpoint().ToString(), "unix:" + path_);
  struct stat found;
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  absl::StatusOr<Socket> client = Socket::Connect(AddressOf(*listener));
  absl::StatusOr<Socket> accepted = listener->Accept();
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->peer(), "unix:" + path_);

  const absl::Status second = OpenPath().status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition) << second;
  EXPECT_TRUE(Exists(path_));
  listener.reset();
  EXPECT_FALSE(Exists(path_));
}

TEST_F(ListenerTest, StaleUnixSocketIsTakenOver) {
  {
    // A process that is killed leaves its socket so.
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    const SocketAddress address = *SocketAddress::Unix(path_);
    ASSERT_EQ(::bind(dead.get(), address.get(), address.size()), 0);
    std::ofstream(path_ + ".lock").put('\n');
  }
  auto listener = OpenPath();
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(Socket::Connect(AddressOf(**listener)).ok());
}

TEST_F(ListenerTest, ForeignUnixSocketAndOtherFilesStay) {
  const SocketAddress address = *SocketAddress::Unix(path_);
  {
    const Fd foreign(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(foreign.get(), address.get(), address.size()), 0);
    ASSERT_EQ(::listen(foreign.get(), 1), 0);
    EXPECT_EQ(OpenPath().status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(Exists(path_));
  }
  ::unlink(path_.c_str());
  std::ofstream(path_).put('\n');
  EXPECT_EQ(OpenPath().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Exists(path_));
  EXPECT_EQ(SocketListener::Open(*SocketAddress::Unix(path_ + "/no/folder"), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ListenerTest, NoticesThatItsFileHasGoneAndGoesOn) {
  auto listener = *OpenPath();
  EXPECT_TRUE(listener->CheckFile().ok());
  const SocketAddress address = AddressOf(*listener);
  absl::StatusOr<Socket> before = Socket::Connect(address);
  ASSERT_TRUE(listener->Accept().ok());
  auto told = std::async(std::launch::async, [&] { return listener->Accept().status(); });
  ::unlink(path_.c_str());
  EXPECT_EQ(told.get().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(listener->CheckFile().code(), absl::StatusCode::kNotFound);
  // Accept returns it once.
  auto accepted = std::async(std::launch::async, [&] { return listener->Accept().status(); });
  listener->Stop();
  EXPECT_EQ(accepted.get().code(), absl::StatusCode::kCancelled);
}

TEST_F(ListenerTest, NoHostHoldsANul) {
  const std::string host("127.0.0.1\0.example.org", 22);
  const absl::Status status = SocketAddress::Resolve(host, 1, false).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "cannot resolve \"127.0.0.1\\000.example.org\": it holds a NUL");
}

TEST_F(ListenerTest, LeavesASocketThatIsNoLongerItsOwn) {
  auto listener = *OpenPath();
  ::unlink(path_.c_str());
  const SocketAddress address = *SocketAddress::Unix(path_);
  const Fd other(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(other.get(), address.get(), address.size()), 0);
  listener.reset();
  EXPECT_TRUE(Exists(path_));
}

TEST_F(ListenerTest, LeavesALockThatIsNoLongerItsOwn) {
  auto listener = *OpenPath();
  const std::string lock = path_ + ".lock";
  ::unlink(lock.c_str());
  std::ofstream(lock).put('\n');
  listener.reset();
  EXPECT_FALSE(Exists(path_));
  EXPECT_TRUE(Exists(lock));
  ::unlink(lock.c_str());
}

TEST_F(ListenerTest, ARelativePathIsRemovedFromAnotherFolder) {
  char before[PATH_MAX];
  ASSERT_NE(::getcwd(before, sizeof(before)), nullptr);
  ASSERT_EQ(::chdir(folder_), 0);
  auto listener = *SocketListener::Open(*SocketAddress::Unix("x.sock"), {});
  ASSERT_EQ(::chdir(before), 0);
  EXPECT_TRUE(Exists(path_));
  listener.reset();
  EXPECT_FALSE(Exists(path_));
}

TEST_F(ListenerTest, AStartThatFailsLeavesNothing) {
  std::ofstream(path_).put('\n');
  EXPECT_FALSE(OpenPath().ok());
  EXPECT_FALSE(Exists(path_ + ".lock"));
}

// --- inherited ones ---

// A socket that another owner made listen and still has.
Fd Made(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), address.get(), address.size()), 0);
  EXPECT_EQ(::listen(fd.get(), 10), 0);
  return fd;
}

TEST_F(ListenerTest, InheritedOnesAcceptAndAreLeftAsTheyWere) {
  for (const SocketAddress& address : {Tcp(kLoopback, 0), *SocketAddress::Unix(path_)}) {
    const Fd made = Made(address);
    const SocketAddress bound = SocketAddress::OfLocal(made.get());
    auto listener = *SocketListener::Inherit(made.get());
    EXPECT_EQ(listener->endpoint(), bound.ToEndpoint());
    absl::StatusOr<Socket> first = Socket::Connect(bound);
    absl::StatusOr<Socket> accepted = listener->Accept();
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    EXPECT_EQ(accepted->tcp(), address.family() == AF_INET);
    EXPECT_EQ(::fcntl(accepted->fd(), F_GETFL) & O_NONBLOCK, 0);
    if (accepted->tcp()) {
      EXPECT_NE(Option(*accepted, IPPROTO_TCP, TCP_NODELAY), 0);
      EXPECT_NE(Option(*accepted, SOL_SOCKET, SO_KEEPALIVE), 0);
    }

    auto waiting = std::async(std::launch::async, [&] { return listener->Accept().status(); });
    listener->Stop();
    EXPECT_EQ(waiting.get().code(), absl::StatusCode::kCancelled);
    // The connection still waits for the next listener.
    absl::StatusOr<Socket> second = Socket::Connect(bound);
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(listener->Accept().status().code(), absl::StatusCode::kCancelled);
    listener.reset();
    EXPECT_TRUE((*SocketListener::Inherit(made.get()))->Accept().ok());
  }
  EXPECT_TRUE(Exists(path_));
}

TEST_F(ListenerTest, InheritedOnesMayBeSharedWithOthersWhoAccept) {
  const Fd made = Made(Tcp(kLoopback, 0));
  const SocketAddress bound = SocketAddress::OfLocal(made.get());
  auto one = *SocketListener::Inherit(made.get());
  auto other = *SocketListener::Inherit(made.get());
  std::vector<std::future<int>> accepts;
  for (SocketListener* listener : {one.get(), other.get()}) {
    accepts.push_back(std::async(std::launch::async, [listener] {
      int accepted = 0;
      while (listener->Accept().ok()) ++accepted;
      return accepted;
    }));
  }
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<Socket> client = Socket::Connect(bound);
    ASSERT_TRUE(client.ok());
    char byte;
    EXPECT_EQ(::recv(client->fd(), &byte, 1, 0), 0) << "accepted, and closed";
  }
  one->Stop();
  other->Stop();
  EXPECT_EQ(accepts[0].get() + accepts[1].get(), 100);
}

TEST_F(ListenerTest, AnInheritedOneThatOthersShutIsBroken) {
  const Fd made = Made(Tcp(kLoopback, 0));
  auto listener = *SocketListener::Inherit(made.get());
  ::shutdown(made.get(), SHUT_RDWR);
  EXPECT_EQ(listener->Accept().status().code(), absl::StatusCode::kInternal);
}

TEST_F(ListenerTest, InheritsWhatListensOnly) {
  const SocketAddress address = Tcp(kLoopback, 0);
  const Fd bound(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(bound.get(), address.get(), address.size()), 0);
  const Fd datagram(::socket(AF_INET, SOCK_DGRAM, 0));
  const Fd file(::open("/dev/null", O_RDONLY));
  for (int fd : {bound.get(), datagram.get(), file.get(), -1}) {
    const absl::Status status = SocketListener::Inherit(fd).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_NE(status.message().find(std::to_string(fd)), absl::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace rpyc
