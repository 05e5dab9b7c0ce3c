#include "client/client.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/dial.h"
#include "client/shared_connection.h"
#include "rpyc/assert.h"
#include "rpyc/call_context.h"
#include "rpyc/dialect_probe.h"
#include "rpyc/errors.h"
#include "rpyc/protocol_constants.h"
#include "rpyc/transport/endpoint.h"
#include "rpyc/transport/socket.h"
#include "rpyc/transport/socket_address.h"
#include "rpyc/transport/tls_context.h"
#include "rpyc/transport/tls_stream.h"

namespace rpyc {
namespace {

using Dialer = absl::FunctionRef<absl::StatusOr<std::unique_ptr<Stream>>()>;

absl::Status NamingPeer(const absl::Status& status, const std::string& peer) {
  if (absl::StrContains(status.message(), peer)) return status;
  return absl::Status(status.code(), absl::StrCat("connect to ", peer, ": ", status.message()));
}

// Opens a stream by `dial`, and sets the peer's dialect in `options` unless it is given.
// Errors:  name `peer`.
absl::StatusOr<std::unique_ptr<Stream>> OpenStream(Dialer dial, const std::string& peer,
                                                   absl::Time deadline, ClientOptions* options) {
  if (options->config.dialect != 0) return dial();
  if (options->config.bind_threads) {
    return absl::FailedPreconditionError(
        absl::StrCat("connect to ", peer, ": with bind_threads the dialect is not found out: set ",
                     "config.dialect to 5 or 6"));
  }
  absl::StatusOr<ProbedStream> probed = ProbeDialect(dial, options->limits, deadline);
  if (!probed.ok()) return NamingPeer(probed.status(), peer);
  RPYC_ASSERT(probed->stream != nullptr && probed->dialect != Dialect::kUnknown);
  options->config.dialect = probed->dialect == Dialect::kV6 ? 6 : 5;
  return std::move(probed->stream);
}

// Makes a stream of a connected socket.
std::unique_ptr<Stream> StreamOver(Socket socket, const ClientOptions& options) {
  if (options.keepalive > absl::ZeroDuration()) socket.KeepAlive(options.keepalive);
  return std::make_unique<SocketStream>(std::move(socket));
}

// Makes a TLS stream over `stream` and completes the handshake.
// Errors:  do not name the peer.
absl::StatusOr<std::unique_ptr<Stream>> TlsOver(std::unique_ptr<Stream> stream,
                                                const TlsClientContext& context,
                                                const std::string& host, absl::Time deadline) {
  absl::StatusOr<SslPtr> ssl = context.NewConnection(host);
  if (!ssl.ok()) return ssl.status();
  auto tls = std::make_unique<TlsStream>(std::move(stream), *std::move(ssl));
  if (absl::Status shaken = tls->Handshake(deadline); !shaken.ok()) {
    if (!absl::IsDeadlineExceeded(shaken)) return shaken;
    return absl::DeadlineExceededError(
        absl::StrCat(shaken.message(), ": does the server speak TLS?"));
  }
  tls->BeginFrames();
  return tls;
}

// The context of a client's Netrefs: it has no caller, and it translates the service's exceptions.
CallContext ContextOf(const Service& service) {
  if (service.translations() == nullptr) return CallContext();
  auto caller = std::make_shared<CallContext::Caller>();
  caller->translations = service.translations();
  return CallContext(std::move(caller));
}

}  // namespace

Client::SharedConnection::SharedConnection(std::unique_ptr<Stream> stream, std::string peer,
                                           ClientOptions given)
    : service(given.service.has_value() ? *std::move(given.service) : Service("VOID")),
      options{given.limits, std::move(given.config)},
      context(ContextOf(service)),
      connection(std::move(stream), &service, &options, std::move(peer)) {}

Client::Client(std::shared_ptr<SharedConnection> shared) : shared_(std::move(shared)) {}
Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (shared_ != nullptr) Close();
  shared_ = std::move(other.shared_);
  return *this;
}

Client::~Client() {
  if (shared_ != nullptr) Close();
}

absl::StatusOr<Client> Client::Open(std::unique_ptr<Stream> stream, std::string peer,
                                    ClientOptions options) {
  auto shared =
      std::make_shared<SharedConnection>(std::move(stream), std::move(peer), std::move(options));
  shared->connection.peer_objects()->KeepAlive(shared);
  if (absl::Status opened = shared->connection.Open(); !opened.ok()) return opened;
  return Client(std::move(shared));
}

Netref Client::root() const {
  {
    MutexLock lock(&shared_->mutex);
    if (shared_->root.has_value()) return Netref(*shared_->root, shared_->context);
  }
  // Two threads may both ask the peer. That is harmless; holding the lock during a request is not.
  absl::StatusOr<Value> root =
      shared_->connection.peer_objects()->Request(Handle::kGetRoot, Value::Tuple({}), std::nullopt);
  if (root.ok()) {
    MutexLock lock(&shared_->mutex);
    if (!shared_->root.has_value()) shared_->root = *root;
  }
  return Netref(std::move(root), shared_->context);
}

absl::Status Client::Ping(absl::Duration timeout, absl::string_view data) const {
  const absl::StatusOr<Value> echo = shared_->connection.peer_objects()->Request(
      Handle::kPing, Value::Tuple({Value(data)}), timeout);
  if (!echo.ok()) return echo.status();
  if (*echo == Value(data)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("ping to ", peer(), ": ", echo->DebugString(),
                                          " came back for ", Value(data).DebugString()));
}

bool Client::Serve(absl::Time deadline) { return shared_->connection.Serve(deadline); }

void Client::Close() {
  shared_->closing.store(true);
  shared_->connection.Close();
  std::optional<Value> root;  // destroyed outside the lock
  MutexLock lock(&shared_->mutex);
  root = std::exchange(shared_->root, std::nullopt);
}

bool Client::closed() const { return shared_->connection.ended(); }
const std::string& Client::peer() const { return shared_->connection.peer(); }
int Client::dialect() const { return shared_->options.config.dialect; }

absl::StatusOr<Client> Connect(const std::string& host, int port, ClientOptions options) {
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  std::string peer = Endpoint{.host = host, .port = port, .socket_path = {}}.ToString();
  const auto dial = [&]() -> absl::StatusOr<std::unique_ptr<Stream>> {
    absl::StatusOr<Socket> socket = Dial(host, port, options.ipv6, deadline);
    if (!socket.ok()) return socket.status();
    return StreamOver(*std::move(socket), options);
  };
  absl::StatusOr<std::unique_ptr<Stream>> stream = OpenStream(dial, peer, deadline, &options);
  if (!stream.ok()) return stream.status();
  return Client::Open(*std::move(stream), std::move(peer), std::move(options));
}

absl::StatusOr<Client> ConnectTls(const std::string& host, int port, const TlsClientOptions& tls,
                                  ClientOptions options) {
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  std::string peer = Endpoint{.host = host, .port = port, .socket_path = {}}.ToString();
  const absl::StatusOr<TlsClientContext> context = TlsClientContext::Load(tls);
  if (!context.ok()) return NamingPeer(context.status(), peer);
  const auto dial = [&]() -> absl::StatusOr<std::unique_ptr<Stream>> {
    absl::StatusOr<Socket> socket = Dial(host, port, options.ipv6, deadline);
    if (!socket.ok()) return socket.status();
    absl::StatusOr<std::unique_ptr<Stream>> stream =
        TlsOver(StreamOver(*std::move(socket), options), *context, host, deadline);
    if (!stream.ok()) return NamingPeer(stream.status(), peer);
    return stream;
  };
  absl::StatusOr<std::unique_ptr<Stream>> stream = OpenStream(dial, peer, deadline, &options);
  if (!stream.ok()) return stream.status();
  return Client::Open(*std::move(stream), std::move(peer), std::move(options));
}

absl::StatusOr<Client> ConnectUnix(const std::string& path, ClientOptions options) {
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  const absl::StatusOr<SocketAddress> address = SocketAddress::Unix(path);
  if (!address.ok()) return address.status();
  std::string peer = address->ToString();
  const auto dial = [&]() -> absl::StatusOr<std::unique_ptr<Stream>> {
    absl::StatusOr<Socket> socket = Socket::Connect(*address, deadline);
    if (!socket.ok()) return socket.status();
    return StreamOver(*std::move(socket), options);
  };
  absl::StatusOr<std::unique_ptr<Stream>> stream = OpenStream(dial, peer, deadline, &options);
  if (!stream.ok()) return stream.status();
  return Client::Open(*std::move(stream), std::move(peer), std::move(options));
}

absl::StatusOr<Client> ConnectStream(std::unique_ptr<Stream> stream, ClientOptions options,
                                     std::string peer) {
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  const auto give = [&]() -> absl::StatusOr<std::unique_ptr<Stream>> {
    if (stream != nullptr) return std::move(stream);
    return absl::FailedPreconditionError(
        "it does not speak RPyC 6, and a stream cannot be connected a second time: set "
        "config.dialect to 5");
  };
  absl::StatusOr<std::unique_ptr<Stream>> opened = OpenStream(give, peer, deadline, &options);
  if (!opened.ok()) return opened.status();
  return Client::Open(*std::move(opened), std::move(peer), std::move(options));
}

}  // namespace rpyc
