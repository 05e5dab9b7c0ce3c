#include "registry/registrar.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/errno_status.h"
#include "rpyc/transport/fd.h"
#include "rpyc/transport/socket_address.h"

namespace rpyc {
namespace {

constexpr absl::string_view kBroadcast = "255.255.255.255";
// The most bytes of an answer over either transport; a datagram cannot hold more.
constexpr size_t kMaxReplyBytes = 64 << 10;
// How long Unregister waits for the answer. RPyC does not wait at all.
constexpr absl::Duration kUnregisterTimeout = absl::Milliseconds(500);

// Whether one of the four numbers of the address is 255, which is RPyC's test for broadcast.
bool IsBroadcast(const SocketAddress& address) {
  if (address.family() != AF_INET) return false;
  const std::vector<std::string> parts = absl::StrSplit(address.ToEndpoint().host, '.');
  return std::find(parts.begin(), parts.end(), "255") != parts.end();
}

// Waits for `events` of a socket until `deadline`, or until `interrupt` is set.
absl::Status Wait(int fd, int16_t events, absl::Time deadline, const Interrupt* interrupt) {
  pollfd waited[] = {
      {.fd = fd, .events = events, .revents = 0},
      {.fd = interrupt == nullptr ? -1 : interrupt->fd(), .events = POLLIN, .revents = 0}};
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now() + absl::Milliseconds(1));
    const int ready = ::poll(waited, 2, static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX)));
    if (ready < 0 && errno != EINTR) {
      return ErrnoStatus(absl::StatusCode::kUnavailable, "poll", errno);
    }
    if (ready > 0 && waited[1].revents != 0) return absl::CancelledError("interrupted");
    if (ready > 0) return absl::OkStatus();
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("no answer");
  }
}

// One request over one transport. Its errors do not name the registry.
class Exchange {
 public:
  Exchange(absl::Time deadline, const Interrupt* interrupt)
      : deadline_(deadline), interrupt_(interrupt) {}

  absl::Status Open(const SocketAddress& registry, int type, const std::string& from) {
    fd_ = Fd(::socket(registry.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_.valid()) return Failed("socket");
    if (from.empty()) return absl::OkStatus();
    const absl::StatusOr<SocketAddress> local =
        SocketAddress::Resolve(from, 0, registry.family() == AF_INET6);
    if (!local.ok()) return local.status();
    if (local->family() != registry.family()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a server at ", from, " cannot be announced to it: other address family"));
    }
    if (::bind(fd_.get(), local->get(), local->size()) == 0) return absl::OkStatus();
    return ErrnoStatus(absl::StatusCode::kInvalidArgument, absl::StrCat("send from ", from), errno);
  }

  absl::Status AskUdp(const SocketAddress& registry, absl::string_view request,
                      absl::FunctionRef<absl::Status(absl::string_view)> parse) {
    const bool broadcast = IsBroadcast(registry);
    const int on = 1;
    if (broadcast) ::setsockopt(fd_.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    // On a connected socket the kernel drops datagrams of other peers, and reports that no process
    // listens at the registry's port.
    if (!broadcast && ::connect(fd_.get(), registry.get(), registry.size()) != 0) {
      return Failed("connect");
    }
    const sockaddr* to = broadcast ? registry.get() : nullptr;
    const socklen_t to_size = broadcast ? registry.size() : 0;
    if (::sendto(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL, to, to_size) < 0) {
      return Failed("send");
    }
    std::string datagram;
    absl::Status last = absl::DeadlineExceededError("no answer");
    for (;;) {
      absl::Status readable = Wait(fd_.get(), POLLIN, deadline_, interrupt_);
      if (absl::IsDeadlineExceeded(readable)) return last;
      if (!readable.ok()) return readable;
      SocketAddress peer;
      datagram.resize(kMaxReplyBytes);
      const ssize_t bytes = ::recvfrom(fd_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT,
                                       peer.mutable_get(), peer.mutable_size());
      if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
      if (bytes < 0) return Failed("receive");
      if (peer.ToEndpoint().port != registry.ToEndpoint().port) continue;
      last = parse(absl::string_view(datagram).substr(0, static_cast<size_t>(bytes)));
      if (last.ok() || absl::IsPermissionDenied(last)) return last;
    }
  }

  absl::Status AskTcp(const SocketAddress& registry, absl::string_view request,
                      absl::FunctionRef<absl::Status(absl::string_view)> parse) {
    if (::connect(fd_.get(), registry.get(), registry.size()) != 0) {
      if (errno != EINPROGRESS) return Failed("connect");
      absl::Status connected = Wait(fd_.get(), POLLOUT, deadline_, interrupt_);
      if (!connected.ok()) return connected;
      int error = 0;
      socklen_t size = sizeof(error);
      ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return ErrnoStatus(absl::StatusCode::kUnavailable, "connect", error);
    }
    // A request fits into the send buffer of a new socket.
    if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return Failed("send");
    std::string reply;
    for (;;) {
      absl::Status readable = Wait(fd_.get(), POLLIN, deadline_, interrupt_);
      if (!readable.ok()) return readable;
      const size_t before = reply.size();
      reply.resize(before + kMaxRegistryReplyBytes);
      const ssize_t bytes =
          ::recv(fd_.get(), reply.data() + before, reply.size() - before, MSG_DONTWAIT);
      const int error = errno;
      reply.resize(before + static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
      if (bytes < 0 && (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)) continue;
      if (bytes < 0) return ErrnoStatus(absl::StatusCode::kUnavailable, "receive", error);
      if (bytes == 0 && reply.empty()) return absl::UnavailableError("refused without an answer");
      absl::Status taken = parse(reply);
      const bool final = bytes == 0 || reply.size() > kMaxReplyBytes;
      if (taken.ok() || absl::IsPermissionDenied(taken) || final) return taken;
    }
  }

 private:
  static absl::Status Failed(absl::string_view doing) {
    return ErrnoStatus(absl::StatusCode::kUnavailable, doing, errno);
  }

  const absl::Time deadline_;
  const Interrupt* const interrupt_;
  Fd fd_;
};

}  // namespace

std::string Registrar::label() const {
  const bool tcp = options_.protocol == RegistrarOptions::Protocol::kTcp;
  const Endpoint endpoint{
      .host = options_.hostname.empty() ? std::string(kBroadcast) : options_.hostname,
      .port = options_.port,
      .socket_path = {}};
  return absl::StrCat("registry ", endpoint.ToString(), tcp ? " (tcp)" : " (udp)");
}

absl::Status Registrar::Ask(const RegistryRequest& request, const std::string& from,
                            absl::Duration timeout, const Interrupt* interrupt,
                            ParseReply parse) const {
  const auto named = [this](const absl::Status& status) {
    return status.ok() ? status
                       : absl::Status(status.code(), absl::StrCat(label(), ": ", status.message()));
  };
  const bool tcp = options_.protocol == RegistrarOptions::Protocol::kTcp;
  if (tcp && options_.hostname.empty()) {
    return named(absl::InvalidArgumentError("a registry that is asked by TCP needs a hostname"));
  }
  const absl::StatusOr<std::string> bytes = EncodeRegistryRequest(request);
  if (!bytes.ok()) return named(bytes.status());
  const absl::StatusOr<std::vector<SocketAddress>> registries = SocketAddress::ResolveAll(
      options_.hostname.empty() ? std::string(kBroadcast) : options_.hostname, options_.port,
      /*prefer_ipv6=*/false);
  if (!registries.ok()) return named(registries.status());
  const SocketAddress& registry = registries->front();
  Exchange exchange(absl::Now() + timeout, interrupt);
  absl::Status asked = exchange.Open(registry, tcp ? SOCK_STREAM : SOCK_DGRAM, from);
  if (asked.ok()) {
    asked =
        tcp ? exchange.AskTcp(registry, *bytes, parse) : exchange.AskUdp(registry, *bytes, parse);
  }
  return named(asked);
}

absl::Status Registrar::Register(const std::vector<std::string>& aliases, int port,
                                 const std::string& from, const Interrupt* interrupt) const {
  return Ask({.command = RegistryRequest::Command::kRegister, .names = aliases, .port = port}, from,
             options_.timeout, interrupt, &ParseOkReply);
}

absl::Status Registrar::Unregister(int port, const std::string& from) const {
  return Ask({.command = RegistryRequest::Command::kUnregister, .port = port}, from,
             std::min(options_.timeout, kUnregisterTimeout), nullptr, &ParseOkReply);
}

absl::StatusOr<std::vector<ServerAddress>> Registrar::Discover(
    absl::string_view service_name) const {
  std::vector<ServerAddress> servers;
  absl::Status asked =
      Ask({.command = RegistryRequest::Command::kQuery, .names = {std::string(service_name)}}, "",
          options_.timeout, nullptr, [&servers](absl::string_view reply) {
            absl::StatusOr<std::vector<ServerAddress>> parsed = ParseServersReply(reply);
            if (!parsed.ok()) return parsed.status();
            servers = *std::move(parsed);
            return absl::OkStatus();
          });
  if (!asked.ok()) return asked;
  return servers;
}

absl::StatusOr<std::vector<std::string>> Registrar::List(absl::string_view filter_host) const {
  std::vector<std::string> names;
  absl::Status asked =
      Ask({.command = RegistryRequest::Command::kList, .filter_host = std::string(filter_host)}, "",
          options_.timeout, nullptr, [&names](absl::string_view reply) {
            absl::StatusOr<std::vector<std::string>> parsed = ParseNamesReply(reply);
            if (!parsed.ok()) return parsed.status();
            names = *std::move(parsed);
            return absl::OkStatus();
          });
  if (!asked.ok()) return asked;
  return names;
}

}  // namespace rpyc
