#include "tests/bench/loopback.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "rpyc/transport/errno_status.h"

namespace rpyc::bench {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

absl::Status Failed(absl::string_view doing) {
  return ErrnoStatus(absl::StatusCode::kUnavailable, doing, errno);
}

void SendAtOnce(const Fd& fd) {
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

absl::StatusOr<Listening> ListenOnLoopback() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0) return Failed("bind");
  if (::listen(fd.get(), SOMAXCONN) != 0) return Failed("listen");
  if (::getsockname(fd.get(), generic, &size) != 0) return Failed("getsockname");
  return Listening{std::move(fd), ntohs(address.sin_port)};
}

absl::StatusOr<Fd> AcceptFrom(const Fd& listener) {
  for (;;) {
    Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.valid()) {
      SendAtOnce(fd);
      return fd;
    }
    if (errno != EINTR && errno != ECONNABORTED) return Failed("accept");
  }
}

absl::StatusOr<Fd> ConnectToLoopback(int port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Failed("socket");
  const sockaddr_in address = Loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Failed("connect");
  }
  SendAtOnce(fd);
  return fd;
}

void SetBlocking(const Fd& fd, bool blocking) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  ::fcntl(fd.get(), F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void CloseByReset(Fd fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void RaiseDescriptorLimit() {
  rlimit descriptors;
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

}  // namespace rpyc::bench
