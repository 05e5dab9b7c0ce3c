#include "rpyc/transport/socket_listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/listen_error.h"

namespace rpyc {
namespace {

constexpr int kBackOffMilliseconds = 100;
// How long a TCP peer may be silent before the kernel asks whether it lives.
constexpr absl::Duration kKeepAliveIdle = absl::Minutes(1);

// Whether an error of accept is about one connection only, so that the next may succeed.
bool IsPassing(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // a firewall's doing
    // Linux passes on network errors of the new connection: see accept(2).
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

// Sets options on the listening socket. Accepted connections inherit them.
void PrepareTcp(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  int kept_alive = 0;
  socklen_t size = sizeof(kept_alive);
  ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kept_alive, &size);
  // If keep-alive is on already, the process that made the socket has chosen its times.
  if (kept_alive == 0) KeepAlive(fd, kKeepAliveIdle);
}

// Watches the file and not its folder, in which other programs may do much. The removal of the file
// is seen as a change of its link count, because the bound socket keeps the inode.
Fd WatchFile(const std::string& path) {
  Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr uint32_t kEvents = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
  if (watch.valid() && ::inotify_add_watch(watch.get(), path.c_str(), kEvents) < 0) watch.Reset();
  return watch;
}

Fd OpenSpareDescriptor() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

absl::StatusOr<std::unique_ptr<SocketListener>> SocketListener::Open(
    const SocketAddress& address, const SocketListenerOptions& options) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ListenError(address, errno);
  std::unique_ptr<UnixPath> unix_path;
  if (address.family() == AF_UNIX) {
    absl::StatusOr<std::unique_ptr<UnixPath>> taken =
        UnixPath::Take(address.ToEndpoint().socket_path);
    if (!taken.ok()) return taken.status();
    unix_path = *std::move(taken);
    // bind gives the file the mode of the socket, so there is no moment at which other users may
    // connect.
    ::fchmod(fd.get(), options.socket_mode);
  } else {
    const int reuse = options.reuse_addr;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    const int ipv6_only = options.ipv6_only;
    if (address.family() == AF_INET6) {
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof(ipv6_only));
    }
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) return ListenError(address, errno);
  if (unix_path != nullptr) unix_path->SetBound();
  const int backlog = options.backlog > 0 ? options.backlog : SOMAXCONN;
  if (::listen(fd.get(), backlog) != 0) return ListenError(address, errno);
  return std::unique_ptr<SocketListener>(
      new SocketListener(std::move(fd), std::move(unix_path), Fd()));
}

absl::StatusOr<std::unique_ptr<SocketListener>> SocketListener::Inherit(int fd) {
  const absl::StatusOr<SocketAddress> address = SocketAddress::OfListening(fd);
  if (!address.ok()) return address.status();
  Fd own(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  // It must not block: another process that has the socket may take the connection that poll has
  // seen.
  const int flags = ::fcntl(fd, F_GETFL);
  if (!own.valid() || !wake.valid() || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted,
                       absl::StrCat("cannot listen on ", address->ToString()), errno);
  }
  return std::unique_ptr<SocketListener>(
      new SocketListener(std::move(own), nullptr, std::move(wake)));
}

SocketListener::SocketListener(Fd fd, std::unique_ptr<UnixPath> unix_path, Fd wake)
    : fd_(std::move(fd)),
      unix_path_(std::move(unix_path)),
      wake_(std::move(wake)),
      file_watch_(unix_path_ == nullptr ? Fd() : WatchFile(unix_path_->path())),
      tcp_(SocketAddress::OfLocal(fd_.get()).family() != AF_UNIX),
      endpoint_(SocketAddress::OfLocal(fd_.get()).ToEndpoint()),
      spare_descriptor_(OpenSpareDescriptor()) {
  if (tcp_) PrepareTcp(fd_.get());
}

absl::StatusOr<Socket> SocketListener::Accept() {
  for (;;) {
    if (inherited()) {
      Wait(POLLIN, -1);
      if (stopped_.load()) return absl::CancelledError("stopped");
    } else if (file_watch_.valid()) {
      Wait(POLLIN, -1);
      if (absl::Status lost = NoticeLostFile(); !lost.ok()) return lost;
    }
    Socket socket;
    const int error = AcceptOnce(&socket);
    if (error == 0) return socket;
    if (stopped_.load()) return absl::CancelledError("stopped");
    if (IsPassing(error) || (error == EAGAIN && inherited())) continue;
    if (IsExhausted(error)) return AcceptWithoutDescriptors();
    return ErrnoStatus(absl::StatusCode::kInternal,
                       absl::StrCat("accept on ", endpoint_.ToString()), error);
  }
}

int SocketListener::AcceptOnce(Socket* socket) {
  SocketAddress peer;
  Fd fd(::accept4(fd_.get(), peer.mutable_get(), peer.mutable_size(), SOCK_CLOEXEC));
  if (!fd.valid()) return errno;
  // Clients of a unix socket have no address of their own.
  *socket = Socket(std::move(fd), tcp_ ? peer.ToString() : endpoint_.ToString(), tcp_);
  return 0;
}

absl::StatusOr<Socket> SocketListener::AcceptWithoutDescriptors() {
  // accept4 fails for lack of a descriptor even while there is no connection, so wait for one
  // first.
  Wait(POLLIN, -1);
  if (inherited() && stopped_.load()) return absl::CancelledError("stopped");
  Socket socket;
  const int error = AcceptOnce(&socket);  // a descriptor may have come free meanwhile
  if (error == 0) return socket;
  if (stopped_.load()) return absl::CancelledError("stopped");
  spare_descriptor_.Reset();
  const bool closed_one = Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
  spare_descriptor_ = OpenSpareDescriptor();
  if (!closed_one) Wait(/*events=*/0, kBackOffMilliseconds);
  return ErrnoStatus(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("accept on ", endpoint_.ToString()), error);
}

absl::Status SocketListener::CheckFile() const {
  return unix_path_ == nullptr ? absl::OkStatus() : unix_path_->CheckBound();
}

absl::Status SocketListener::NoticeLostFile() {
  alignas(inotify_event) char events[1024];
  bool changed = false;
  while (::read(file_watch_.get(), events, sizeof(events)) > 0) changed = true;
  if (!changed || stopped_.load()) return absl::OkStatus();
  absl::Status found = CheckFile();
  const bool told = std::exchange(lost_file_, !found.ok());
  return told ? absl::OkStatus() : found;
}

void SocketListener::Wait(int16_t events, int milliseconds) {
  const Fd& other = inherited() ? wake_ : file_watch_;
  pollfd waited[] = {{.fd = fd_.get(), .events = events, .revents = 0},
                     {.fd = other.get(), .events = POLLIN, .revents = 0}};
  // At the limit of descriptors poll may refuse two entries, so it gets no more than it needs.
  const nfds_t count = other.valid() ? 2 : 1;
  while (::poll(waited, count, milliseconds) < 0 && errno == EINTR) {
  }
}

void SocketListener::Stop() {
  stopped_.store(true);
  if (inherited()) {
    // A shutdown would end the socket for every process that has it.
    ::eventfd_write(wake_.get(), 1);
    return;
  }
  // This ends a blocked accept and every later one. The descriptor stays open until the destructor.
  ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace rpyc
