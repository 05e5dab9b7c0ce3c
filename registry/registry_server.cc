#include "registry/registry_server.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "registry/datagram_socket.h"
#include "registry/request_handler.h"
#include "registry/tcp_peers.h"
#include "rpyc/mutex.h"
#include "rpyc/throttle.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/listen_error.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

// The ids that epoll reports; those from kFirstPeer on are connections.
enum EventId : uint64_t { kWake, kUdp, kListener, kFirstPeer };

// How many datagrams are served before TCP is looked at again.
constexpr int kDatagramsAtOnce = 64;
constexpr int kEventsAtOnce = 64;
// How many ports are tried until one is free for both UDP and TCP.
constexpr int kPortAttempts = 32;
// How often the log tells of refusals, with their number.
constexpr absl::Duration kComplaintInterval = absl::Seconds(1);
constexpr size_t kComplaintBytes = 200;

// Holds the sockets of a server, which are all on one port.
struct Sockets {
  std::optional<DatagramSocket> udp;
  std::optional<TcpPeers> tcp;
};

// Binds the sockets to the port that is asked for, or to one that the kernel picks.
absl::StatusOr<Sockets> BindOnce(const RegistryServerOptions& options) {
  const bool ipv6 = options.host.find(':') != std::string::npos;
  absl::StatusOr<SocketAddress> address = SocketAddress::Resolve(options.host, options.port, ipv6);
  if (!address.ok()) return address.status();
  Sockets sockets;
  if (options.tcp) {
    absl::StatusOr<TcpPeers> tcp = TcpPeers::Listen(*address, options.limits);
    if (!tcp.ok()) return tcp.status();
    sockets.tcp.emplace(*std::move(tcp));
    address = sockets.tcp->address();
  }
  if (options.udp) {
    absl::StatusOr<DatagramSocket> udp = DatagramSocket::Bind(*address);
    if (!udp.ok()) return udp.status();
    sockets.udp.emplace(*std::move(udp));
  }
  return sockets;
}

// Binds the sockets; if any port will do, tries several.
absl::StatusOr<Sockets> BindAll(const RegistryServerOptions& options) {
  absl::StatusOr<Sockets> sockets = BindOnce(options);
  for (int i = 1; i < kPortAttempts && options.port == 0 && !sockets.ok() &&
                  absl::IsFailedPrecondition(sockets.status());
       ++i) {
    sockets = BindOnce(options);
  }
  return sockets;
}

}  // namespace

class RegistryServer::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(const RegistryServerOptions& options, RegistryStore* store, const RegistryHooks& hooks,
       Sockets sockets)
      : handler_(store, options.allow_listing),
        hooks_(hooks),
        udp_(std::move(sockets.udp)),
        tcp_(std::move(sockets.tcp)),
        endpoint_((udp_.has_value() ? udp_->address() : tcp_->address()).ToEndpoint()) {}

  absl::Status Start();
  // Ends the thread and waits for its end.
  void Stop();
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  // Only the thread calls these, without the lock.

  // Serves both sockets until Stop.
  void Run();
  // Serves the datagrams that have arrived, up to a bound.
  void ServeDatagrams();
  // Reads from the connection `id`, and handles its request once that is complete.
  void ServePeer(uint64_t id);
  // Sends the queued answers.
  void SendAnswers();
  // Logs the refusals since the last time, if it is time to. Returns when it will be.
  absl::Time LogRefusals(absl::Time now);

  // Any thread may call these, without the lock.

  // Has the thread send an answer to the connection `id`.
  void QueueAnswer(uint64_t id, absl::StatusOr<std::string> reply);
  // Counts a refused request of `source`, for the log.
  void CountRefusal(absl::string_view source, const absl::Status& why);
  void Wake() { ::eventfd_write(wake_.get(), 1); }

  // These do not change once it has started.
  RegistryRequestHandler handler_;
  const RegistryHooks hooks_;
  std::optional<DatagramSocket> udp_;
  Fd epoll_;
  Fd wake_;

  // Only the thread uses these.
  std::optional<TcpPeers> tcp_;
  const Endpoint endpoint_;
  std::string datagram_;
  TcpPeers::OnRefused on_refused_;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // Answers to connections, which the thread will send.
  std::vector<std::pair<uint64_t, absl::StatusOr<std::string>>> answers_ ABSL_GUARDED_BY(mutex_);
  // The number of refusals that the log has not told of yet, and the last of them.
  int64_t refusals_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string last_refusal_ ABSL_GUARDED_BY(mutex_);
  Throttle complaints_{kComplaintInterval};
};

absl::Status RegistryServer::Loop::Start() {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const auto watch = [this](int fd, uint64_t id) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  };
  if (!epoll_.valid() || !wake_.valid() || !watch(wake_.get(), kWake) ||
      (udp_.has_value() && !watch(udp_->fd(), kUdp))) {
    return ErrnoStatus(absl::StatusCode::kResourceExhausted, "registry", errno);
  }
  if (tcp_.has_value()) {
    absl::Status watched = tcp_->Watch(epoll_.get(), kListener, kFirstPeer);
    if (!watched.ok()) return watched;
  }
  on_refused_ = [this](const std::string& source, const absl::Status& why) {
    CountRefusal(source, why);
  };
  return hooks_.start_thread([loop = shared_from_this()] { loop->Run(); });
}

void RegistryServer::Loop::Run() {
  std::array<epoll_event, kEventsAtOnce> events;
  absl::Time accept_again = absl::InfiniteFuture();
  for (;;) {
    const absl::Time now = absl::Now();
    absl::Time next = LogRefusals(now);
    if (tcp_.has_value()) {
      if (accept_again <= now) accept_again = tcp_->AcceptAll(now, on_refused_);
      next = std::min({next, accept_again, tcp_->Expire(now, on_refused_)});
    }
    int timeout = -1;
    if (next != absl::InfiniteFuture()) {
      const int64_t left = absl::ToInt64Milliseconds(next - now) + 1;
      timeout = static_cast<int>(std::clamp<int64_t>(left, 0, INT32_MAX));
    }
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    for (int i = 0; i < count; ++i) {
      const uint64_t id = events[static_cast<size_t>(i)].data.u64;
      switch (id) {
        case kWake: {
          eventfd_t unused;
          ::eventfd_read(wake_.get(), &unused);
          break;
        }
        case kUdp:
          ServeDatagrams();
          break;
        case kListener:
          accept_again = tcp_->AcceptAll(absl::Now(), on_refused_);
          break;
        default:
          ServePeer(id);
      }
    }
    SendAnswers();
    MutexLock lock(&mutex_);
    if (!stopping_) continue;
    ended_ = true;
    changed_.SignalAll();
    return;
  }
}

void RegistryServer::Loop::ServeDatagrams() {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    DatagramSocket::Origin origin;
    const auto received = udp_->Receive(kMaxRegistryRequestBytes, &datagram_, &origin);
    if (received == DatagramSocket::Received::kNothing) return;
    const std::string source = origin.peer.ToEndpoint().host;
    if (received == DatagramSocket::Received::kTooLong) {
      CountRefusal(source, absl::ResourceExhaustedError(absl::StrCat(
                               "a datagram over ", kMaxRegistryRequestBytes, " bytes")));
      continue;
    }
    const absl::StatusOr<RegistryRequest> request = ParseRegistryRequest(datagram_);
    if (!request.ok()) {
      CountRefusal(source, request.status());
      continue;
    }
    handler_.Handle(*request, source,
                    {.servers = kMaxRegistryReplyBytes, .names = kMaxRegistryListBytes},
                    [weak = weak_from_this(), origin, source](absl::StatusOr<std::string> reply) {
                      const std::shared_ptr<Loop> loop = weak.lock();
                      if (loop == nullptr) return;
                      if (!reply.ok()) return loop->CountRefusal(source, reply.status());
                      loop->udp_->Send(*reply, origin);
                    });
  }
}

void RegistryServer::Loop::ServePeer(uint64_t id) {
  tcp_->Read(
      id,
      [this](uint64_t id, const std::string& source, const RegistryRequest& request) {
        handler_.Handle(request, source, ReplySizes(),
                        [weak = weak_from_this(), id](absl::StatusOr<std::string> reply) {
                          const std::shared_ptr<Loop> loop = weak.lock();
                          if (loop != nullptr) loop->QueueAnswer(id, std::move(reply));
                        });
      },
      on_refused_);
}

void RegistryServer::Loop::QueueAnswer(uint64_t id, absl::StatusOr<std::string> reply) {
  MutexLock lock(&mutex_);
  if (stopping_) return;
  answers_.emplace_back(id, std::move(reply));
  Wake();
}

void RegistryServer::Loop::SendAnswers() {
  std::vector<std::pair<uint64_t, absl::StatusOr<std::string>>> answers;
  {
    MutexLock lock(&mutex_);
    answers.swap(answers_);
  }
  for (const auto& [id, reply] : answers) tcp_->Answer(id, reply, on_refused_);
}

void RegistryServer::Loop::CountRefusal(absl::string_view source, const absl::Status& why) {
  if (absl::IsCancelled(why)) return;  // the server is closing
  MutexLock lock(&mutex_);
  if (++refusals_ == 1) Wake();
  last_refusal_ = absl::StrCat(
      source, ": ", absl::CHexEscape(absl::string_view(why.message()).substr(0, kComplaintBytes)));
}

absl::Time RegistryServer::Loop::LogRefusals(absl::Time now) {
  std::string complaint;
  {
    MutexLock lock(&mutex_);
    if (refusals_ == 0) return absl::InfiniteFuture();
    if (!complaints_.Pass(now).has_value()) return complaints_.next();
    complaint = absl::StrCat("registry ", endpoint_.ToString(), ": no answer to ", last_refusal_);
    if (refusals_ > 1) absl::StrAppend(&complaint, " (and ", refusals_ - 1, " more)");
    refusals_ = 0;
  }
  hooks_.log(LogLevel::kWarning, complaint);
  return absl::InfiniteFuture();
}

void RegistryServer::Loop::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  Wake();
  while (!ended_) changed_.Wait(&mutex_);
}

absl::StatusOr<std::unique_ptr<RegistryServer>> RegistryServer::Start(
    const RegistryServerOptions& options, RegistryStore* store, const RegistryHooks& hooks) {
  absl::StatusOr<Sockets> sockets = BindAll(options);
  if (!sockets.ok()) return sockets.status();
  auto loop = std::make_shared<Loop>(options, store, hooks, *std::move(sockets));
  absl::Status started = loop->Start();
  if (!started.ok()) return started;
  return std::unique_ptr<RegistryServer>(new RegistryServer(std::move(loop)));
}

RegistryServer::RegistryServer(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

RegistryServer::~RegistryServer() { loop_->Stop(); }

const Endpoint& RegistryServer::endpoint() const { return loop_->endpoint(); }

}  // namespace rpyc
