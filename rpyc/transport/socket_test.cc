#include "rpyc/transport/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "rpyc/transport/socket_listener.h"

namespace rpyc {
namespace {

constexpr size_t kBig = 8 << 20;

// Makes the two ends of a loopback TCP connection.
struct TcpPair {
  Socket client, server;
};

TcpPair MakeTcpPair() {
  auto listener = *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  const Endpoint& at = listener->endpoint();
  Socket client = *Socket::Connect(*SocketAddress::Resolve(at.host, at.port, false));
  Socket server = *listener->Accept();
  return {std::move(client), std::move(server)};
}

// Reads until kEof or an error.
std::string ReadAll(Stream& stream) {
  std::string all;
  std::string piece(1 << 16, '\0');
  for (;;) {
    absl::StatusOr<ReadResult> result =
        stream.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    if (!result.ok() || result->outcome != ReadResult::kData) return all;
    all.append(piece, 0, result->bytes);
  }
}

// Makes bytes in which a missing or swapped piece shows.
std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
  return text;
}

TEST(SocketStream, CarriesMuchDataBothWaysAtOnce) {
  TcpPair pair = MakeTcpPair();
  SocketStream client(std::move(pair.client));
  const int server_fd = pair.server.fd();
  SocketStream server(std::move(pair.server));
  const std::string data = Pattern(kBig);
  auto echoed = std::async(std::launch::async, [&] {
    std::string piece(1 << 16, '\0');
    size_t total = 0;
    while (total < kBig) {
      absl::StatusOr<ReadResult> result =
          server.ReadSome(absl::MakeSpan(piece), ReadHint::kInsideFrame);
      if (!result.ok() || result->outcome != ReadResult::kData) break;
      total += result->bytes;
      if (!server.WriteAll({absl::string_view(piece.data(), result->bytes)}).ok()) break;
    }
    ::shutdown(server_fd, SHUT_WR);
  });
  auto written = std::async(std::launch::async, [&] { return client.WriteAll({data}); });
  EXPECT_EQ(ReadAll(client), data);
  EXPECT_TRUE(written.get().ok());
  echoed.get();
}

TEST(SocketStream, WritesManyChunksInOrderThroughPartialWrites) {
  struct sigaction interrupt = {};
  interrupt.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &interrupt, nullptr), 0);
  TcpPair pair = MakeTcpPair();
  const int small = 4096;
  ::setsockopt(pair.server.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  SocketStream client(std::move(pair.client));
  SocketStream server(std::move(pair.server));
  // These are more chunks than one system call takes, of odd sizes, and some are empty.
  const std::string data = Pattern(512 << 10);
  std::vector<absl::string_view> chunks;
  size_t position = 0;
  for (size_t i = 0; position < data.size(); ++i) {
    chunks.push_back(absl::string_view(data).substr(position, i % 7 == 0 ? 0 : i * 97));
    position += chunks.back().size();
  }
  std::thread writer([&] {
    EXPECT_TRUE(server.WriteAll(chunks).ok());
    EXPECT_TRUE(server.WriteAll({data}).ok());
  });
  std::string all;
  std::string piece(4096, '\0');
  while (all.size() < 2 * data.size()) {
    absl::StatusOr<ReadResult> result =
        client.ReadSome(absl::MakeSpan(piece), ReadHint::kBetweenFrames);
    ASSERT_TRUE(result.ok() && result->outcome == ReadResult::kData);
    all.append(piece, 0, result->bytes);
    ::pthread_kill(writer.native_handle(), SIGUSR1);
  }
  writer.join();
  EXPECT_TRUE(all == data + data);
}

TEST(SocketStream, AcknowledgesAtOnceInsideAFrameOnly) {
  TcpPair pair = MakeTcpPair();
  const int server_fd = pair.server.fd();
  const auto quick_ack = [server_fd] {
    int value = -1;
    socklen_t size = sizeof(value);
    ::getsockopt(server_fd, IPPROTO_TCP, TCP_QUICKACK, &value, &size);
    return value;
  };
  SocketStream client(std::move(pair.client));
  SocketStream server(std::move(pair.server));
  char byte;
  const auto read_one = [&](ReadHint hint) {
    ASSERT_TRUE(client.WriteAll({"x"}).ok());
    ASSERT_EQ(server.ReadSome(absl::MakeSpan(&byte, 1), hint)->bytes, 1u);
  };
  const int off = 0;
  ::setsockopt(server_fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
  read_one(ReadHint::kBetweenFrames);
  EXPECT_EQ(quick_ack(), 0);
  read_one(ReadHint::kInsideFrame);
  EXPECT_EQ(quick_ack(), 1);
}

TEST(SocketStream, EndsWhenThePeerDoes) {
  TcpPair pair = MakeTcpPair();
  SocketStream server(std::move(pair.server));
  {
    SocketStream client(std::move(pair.client));
    ASSERT_TRUE(client.WriteAll({"last"}).ok());
  }
  EXPECT_EQ(ReadAll(server), "last");
  // The kernel may still take the first write, and the peer answers it with a reset.
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) status = server.WriteAll({"x", "y"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(server.WriteAll({"x"}).ok());
}

TEST(SocketStream, ShutdownWakesReaderAndWriter) {
  TcpPair pair = MakeTcpPair();
  SocketStream client(std::move(pair.client));
  SocketStream server(std::move(pair.server));
  const std::string data(64 << 20, 'x');  // more than two sockets hold
  auto read = std::async(std::launch::async, [&] { return ReadAll(server); });
  auto written = std::async(std::launch::async, [&] { return server.WriteAll({data}); });
  server.Shutdown();
  EXPECT_EQ(read.get(), "");
  EXPECT_EQ(written.get().code(), absl::StatusCode::kUnavailable);
}

TEST(SocketStream, EndReadingIfIdleWakesAReaderAndLeavesWritesAlone) {
  TcpPair pair = MakeTcpPair();
  SocketStream client(std::move(pair.client)), server(std::move(pair.server));
  auto read = std::async(std::launch::async, [&] { return ReadAll(server); });
  server.EndReadingIfIdle();
  EXPECT_EQ(read.get(), "");
  EXPECT_TRUE(server.WriteAll({"a last reply"}).ok());
  server.Shutdown();
  EXPECT_EQ(ReadAll(client), "a last reply");
}

TEST(SocketStream, EndReadingIfIdleLeavesWhatHasArrived) {
  TcpPair pair = MakeTcpPair();
  SocketStream client(std::move(pair.client)), server(std::move(pair.server));
  ASSERT_TRUE(client.WriteAll({"a request"}).ok());
  ASSERT_TRUE(server.Wait(Stream::Event::kReadable, absl::InfiniteFuture()));
  server.EndReadingIfIdle();
  ASSERT_TRUE(client.WriteAll({", and another"}).ok());
  client.Shutdown();
  EXPECT_EQ(ReadAll(server), "a request, and another");
}

TEST(SocketStream, NothingIsReadAfterShutdown) {
  TcpPair pair = MakeTcpPair();
  SocketStream client(std::move(pair.client));
  SocketStream server(std::move(pair.server));
  ASSERT_TRUE(client.WriteAll({"two"}).ok());
  char byte;
  ASSERT_EQ(server.ReadSome(absl::MakeSpan(&byte, 1), ReadHint::kBetweenFrames)->bytes, 1u);
  server.Shutdown();
  server.Shutdown();
  EXPECT_EQ(ReadAll(server), "");
  EXPECT_EQ(ReadAll(client), "");
}

TEST(SocketStream, ConnectSaysWhoDoesNotAnswer) {
  auto listener = *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {});
  const SocketAddress gone = *SocketAddress::Resolve("127.0.0.1", listener->endpoint().port, false);
  listener.reset();
  const absl::Status status = Socket::Connect(gone).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(gone.ToString()), absl::string_view::npos);
}

TEST(SocketStream, ConnectGivesUpAtItsDeadline) {
  // The backlog is full, so the kernel drops the packets of the next connection.
  auto listener =
      *SocketListener::Open(*SocketAddress::Resolve("127.0.0.1", 0, false), {.backlog = 1});
  const SocketAddress full = *SocketAddress::Resolve("127.0.0.1", listener->endpoint().port, false);
  std::vector<Socket> waiting;
  absl::StatusOr<Socket> last = Socket();
  for (int i = 0; i < 8 && last.ok(); ++i) {
    last = Socket::Connect(full, absl::Now() + absl::Milliseconds(200));
    if (last.ok()) waiting.push_back(*std::move(last));
  }
  EXPECT_EQ(last.status().code(), absl::StatusCode::kDeadlineExceeded) << last.status();
  EXPECT_NE(last.status().message().find(full.ToString()), absl::string_view::npos);
  // A socket that was accepted in time is an ordinary blocking socket.
  SocketStream first(std::move(waiting.front()));
  SocketStream served(*listener->Accept());
  auto read = std::async(std::launch::async, [&] { return ReadAll(first); });
  ASSERT_TRUE(served.WriteAll({"blocking"}).ok());
  served.Shutdown();
  EXPECT_EQ(read.get(), "blocking");
}

TEST(Socket, KeepsATcpConnectionAlive) {
  TcpPair pair = MakeTcpPair();
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    ::getsockopt(pair.client.fd(), level, name, &value, &size);
    return value;
  };
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 0);
  pair.client.KeepAlive(absl::Seconds(7));
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 5);
  pair.client.KeepAlive(absl::Milliseconds(1));
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 1);
}

}  // namespace
}  // namespace rpyc
