#ifndef CLIENT_CLIENT_H_
#define CLIENT_CLIENT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpyc/limits.h"
#include "rpyc/netref.h"
#include "rpyc/protocol_config.h"
#include "rpyc/service.h"
#include "rpyc/stream.h"
#include "rpyc/transport/tls_options.h"

namespace rpyc {

struct ClientOptions {
  // The service that the peer finds as conn.root. None: an empty one, as RPyC's VoidService.
  std::optional<Service> service;
  // RPyC's configuration keys, with RPyC's defaults. They say what the peer may do to objects that
  // it is passed. config.dialect is 5 for a peer of RPyC 4 or 5, 6 for one of RPyC 6, or 0 to find
  // out (see Connect). config.bind_threads must equal the peer's, and needs config.dialect.
  ProtocolConfig config;
  // Bounds what the peer may cost.
  Limits limits;
  // How long connecting and finding out the dialect may take together, without looking up the name.
  absl::Duration connect_timeout = absl::Seconds(10);
  // How long a TCP peer may be silent before the kernel sends it keepalive probes. After five
  // probes, this far apart, without an answer the connection is lost. Zero: no probes. RPyC's
  // keepalive=True is a minute.
  absl::Duration keepalive = absl::ZeroDuration();
  // Tries the IPv6 addresses of a name before the IPv4 ones, not after them.
  bool ipv6 = false;
};

// One connection to an RPyC server, or to any other peer that speaks RPyC.
//
//   absl::StatusOr<rpyc::Client> client = rpyc::Connect("127.0.0.1", 18861);
//   int three = client->root()["add"](1, 2).as<int>();
//
// The peer's requests, for example callbacks, are served while a thread waits for an answer, in
// Serve, or by a BgServingThread (client/bg_serving_thread.h); otherwise they wait.
// Owns:    the connection, and a share in the objects that the peer holds. Netrefs may outlive it;
//          their operations then raise EOFError.
// Threads: any, several at once. A function that the peer has called must not call Close or the
//          destructor, which wait for it.
class Client {
 public:
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Calls Close.
  ~Client();

  // The peer's root object. The first call asks the peer for it; the Netref holds an error, if any.
  Netref root() const;
  // Checks that the peer answers: sends `data`, and expects it back.
  // Errors:  those of a request; DataLossError - the peer sent something else back.
  absl::Status Ping(absl::Duration timeout = absl::Seconds(3),
                    absl::string_view data = "ping") const;

  // Serves the peer until `deadline`, or only what has arrived if that has passed. It is meant for
  // programs with a loop of their own. Returns false once the connection has ended.
  bool Serve(absl::Time deadline);

  // Tells the peer and ends the connection. Requests of other threads end with EOFError; Close
  // waits for them, and for a peer of RPyC 6 to hang up. Idempotent.
  void Close();
  // Whether the connection has ended, on either side.
  bool closed() const;

  // Returns the address of the server: "127.0.0.1:18861".
  const std::string& peer() const;
  // 5 or 6. Given as ClientOptions::config.dialect, it saves the next connection from finding out.
  int dialect() const;

 private:
  friend class BgServingThread;
  struct SharedConnection;  // client/shared_connection.h
  explicit Client(std::shared_ptr<SharedConnection> shared);
  static absl::StatusOr<Client> Open(std::unique_ptr<Stream> stream, std::string peer,
                                     ClientOptions options);
  friend absl::StatusOr<Client> Connect(const std::string& host, int port, ClientOptions options);
  friend absl::StatusOr<Client> ConnectTls(const std::string& host, int port,
                                           const TlsClientOptions& tls, ClientOptions options);
  friend absl::StatusOr<Client> ConnectUnix(const std::string& path, ClientOptions options);
  friend absl::StatusOr<Client> ConnectStream(std::unique_ptr<Stream> stream, ClientOptions options,
                                              std::string peer);

  std::shared_ptr<SharedConnection> shared_;  // null: moved from
};

// Connects to a server over TCP. `host` is a name or a numeric address.
//
// If options.config.dialect is 0, Connect finds out the dialect with a request that only a peer of
// RPyC 6 can answer. A peer of RPyC 4 or 5 cannot read it, and Connect connects a second time. The
// server's log and its on_connect see both connections. A server that accepts one connection only
// (OneShotServer) and speaks RPyC 4 or 5 needs config.dialect, since the first connection uses it
// up.
// Errors:  kInvalidArgument - no such host, or it does not speak RPyC; kUnavailable - refused or
//          lost; kDeadlineExceeded - not within connect_timeout; kFailedPrecondition - the
//          service's on_connect failed, or bind_threads is on without config.dialect. All name the
//          peer.
absl::StatusOr<Client> Connect(const std::string& host, int port, ClientOptions options = {});
// Connects over TLS, to RPyC's SSLAuthenticator or a host's server with TLS. As RPyC's ssl_connect,
// it trusts any server unless tls.ca_certs or tls.verify is given, and checks the server's name
// only with tls.check_hostname: see rpyc/transport/tls_options.h.
// Errors:  those of Connect; kInvalidArgument also - a file is bad, and which; kUnauthenticated -
//          the handshake failed, and because of which certificate; kUnavailable also - the server
//          refused this client's certificate after the handshake.
absl::StatusOr<Client> ConnectTls(const std::string& host, int port,
                                  const TlsClientOptions& tls = {}, ClientOptions options = {});
// Connects over a unix socket.
// Errors:  those of Connect.
absl::StatusOr<Client> ConnectUnix(const std::string& path, ClientOptions options = {});
// Uses a stream that is connected already; `peer` names its other end in errors. The stream cannot
// be connected a second time, so a peer of RPyC 4 or 5 needs options.config.dialect.
// Errors:  those of Connect; kFailedPrecondition also - config.dialect is needed.
absl::StatusOr<Client> ConnectStream(std::unique_ptr<Stream> stream, ClientOptions options = {},
                                     std::string peer = "stream");

}  // namespace rpyc

#endif  // CLIENT_CLIENT_H_
