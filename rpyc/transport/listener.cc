#include "rpyc/transport/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"

namespace rpyc {
namespace {

constexpr int kBackOffMilliseconds = 100;

bool IsExhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

absl::Status OpenError(const SocketAddress& address, int error) {
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  switch (error) {
    case EADDRINUSE:
      code = absl::StatusCode::kFailedPrecondition;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = absl::StatusCode::kPermissionDenied;
      break;
    default:
      if (IsExhausted(error)) code = absl::StatusCode::kResourceExhausted;
  }
  return ErrnoStatus(code, absl::StrCat("cannot listen on ", address.ToString()), error);
}

// Errors of accept that belong to one connection, or to no one: the next may be fine.
bool IsPassing(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // a firewall's doing
    // Linux hands over what the new connection has seen of the network: see accept(2).
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

Fd OpenReserve() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const SocketAddress& address,
                                                         const ListenerOptions& options) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return OpenError(address, errno);
  std::unique_ptr<UnixPath> unix_path;
  if (address.family() == AF_UNIX) {
    absl::StatusOr<std::unique_ptr<UnixPath>> taken =
        UnixPath::Take(address.ToEndpoint().socket_path);
    if (!taken.ok()) return taken.status();
    unix_path = *std::move(taken);
    // Before bind, which gives it to the file: there is no moment at which others may connect.
    ::fchmod(fd.get(), options.socket_mode);
  } else {
    const int reuse = options.reuse_addr;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) return OpenError(address, errno);
  if (unix_path != nullptr) unix_path->SetBound();
  const int backlog = options.backlog > 0 ? options.backlog : SOMAXCONN;
  if (::listen(fd.get(), backlog) != 0) return OpenError(address, errno);
  return std::unique_ptr<Listener>(new Listener(std::move(fd), std::move(unix_path)));
}

Listener::Listener(Fd fd, std::unique_ptr<UnixPath> unix_path)
    : unix_path_(std::move(unix_path)),
      fd_(std::move(fd)),
      endpoint_(SocketAddress::OfLocal(fd_.get()).ToEndpoint()),
      reserve_(OpenReserve()) {}

absl::StatusOr<Socket> Listener::Accept() {
  for (;;) {
    Socket socket;
    const int error = AcceptOnce(&socket);
    if (error == 0) return socket;
    if (stopped_.load()) return absl::CancelledError("stopped");
    if (IsPassing(error)) continue;
    if (IsExhausted(error)) return AcceptWithoutDescriptors();
    return ErrnoStatus(absl::StatusCode::kInternal,
                       absl::StrCat("accept on ", endpoint_.ToString()), error);
  }
}

// Returns 0 or errno.
int Listener::AcceptOnce(Socket* socket) {
  SocketAddress peer;
  Fd fd(::accept4(fd_.get(), peer.mutable_get(), peer.mutable_size(), SOCK_CLOEXEC));
  if (!fd.valid()) return errno;
  const bool tcp = unix_path_ == nullptr;
  if (tcp) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  // Clients of a unix socket have no address of their own.
  *socket = Socket(std::move(fd), tcp ? peer.ToString() : endpoint_.ToString(), tcp);
  return 0;
}

absl::StatusOr<Socket> Listener::AcceptWithoutDescriptors() {
  // accept4 looks for a descriptor before it looks for a connection: wait for one ourselves.
  pollfd wait = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  Socket socket;
  const int error = AcceptOnce(&socket);  // a descriptor may have come free meanwhile
  if (error == 0) return socket;
  if (stopped_.load()) return absl::CancelledError("stopped");
  reserve_.Reset();
  const bool closed_one = Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
  reserve_ = OpenReserve();
  if (!closed_one) {
    wait.events = 0;  // until stopped
    ::poll(&wait, 1, kBackOffMilliseconds);
  }
  return ErrnoStatus(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("accept on ", endpoint_.ToString()), error);
}

void Listener::Stop() {
  stopped_.store(true);
  // Ends a blocked accept and every later one; the descriptor stays ours until nobody uses it.
  ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace rpyc
