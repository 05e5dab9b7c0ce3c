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
  // What the peer finds as conn.root at its end. None: an empty one, as RPyC's VoidService.
  std::optional<Service> service;
  // By RPyC's own names, and with its defaults, which are the same at both ends: what the peer may
  // do to objects that it is passed is said here. config.dialect: what the peer speaks, 5 for RPyC
  // 4 and 5, or 6; 0 finds out (see Connect). config.bind_threads must be as the peer's, and wants
  // the dialect told.
  ProtocolConfig config;
  // What the peer may cost.
  Limits limits;
  // For connecting, all in all, and finding out the dialect; looking the name up is not counted.
  absl::Duration connect_timeout = absl::Seconds(10);
  // After how long a silence the kernel asks a TCP peer whether it lives; it has gone after five
  // questions, this far apart, without an answer. Zero: never. RPyC's keepalive=True is a minute.
  absl::Duration keepalive = absl::ZeroDuration();
  // Tries addresses of IPv6 first, not last, where a name has both.
  bool ipv6 = false;
};

// One connection to an RPyC server, or to whatever speaks RPyC.
//
//   absl::StatusOr<rpyc::Client> client = rpyc::Connect("127.0.0.1", 18861);
//   int three = client->root()["add"](1, 2).as<int>();
//
// The peer's requests (callbacks above all) are served while a thread waits for an answer, or in
// Serve, or by a BgServingThread (client/bg_serving_thread.h); otherwise they wait.
// Owns the connection, and keeps what the peer holds of ours alive. Netrefs may outlive it; their
// operations then raise EOFError.
// Threads: any, several at once. Only Close, and the destructor, are not for a function that the
// peer has called: they wait for it.
class Client {
 public:
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Closes.
  ~Client();

  // The peer's root object, asked for at the first time. An error is in the Netref.
  Netref root() const;
  // Whether the peer is there: sends `data`, and gets it back.
  // Errors:  as a request; DataLossError - it is something else that comes back.
  absl::Status Ping(absl::Duration timeout = absl::Seconds(3),
                    absl::string_view data = "ping") const;

  // Serves the peer until `deadline`, or for what has arrived if that has passed; for programs with
  // a loop of their own. False once the connection has ended.
  bool Serve(absl::Time deadline);

  // Tells the peer, which ends the connection. Waits for requests of other threads to end, with
  // EOFError, and for a peer of RPyC 6 to hang up. Idempotent.
  void Close();
  // Whether the connection has ended, by whomever.
  bool closed() const;

  // The address of the server: "127.0.0.1:18861".
  const std::string& peer() const;
  // 5 or 6; as ClientOptions::config.dialect it spares the next connection the question.
  int dialect() const;

 private:
  friend class BgServingThread;
  struct SharedConnection;
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

// Connects to a server over TCP. `host` is a name or a number.
//
// RPyC cannot be asked for its dialect. Unless options.config.dialect tells, it is found out by
// a request that a peer of RPyC 6 answers; a peer of 4 or 5 cannot read it, and is connected to a
// second time. So a server that takes one connection only (OneShotServer) and speaks 4 or 5 is used
// up: tell its dialect. A server's log, and its on_connect, see both connections.
// Errors:  kInvalidArgument - no such host, or it does not speak RPyC; kUnavailable - refused or
//          lost; kDeadlineExceeded - not within connect_timeout; kFailedPrecondition - the
//          service's on_connect failed, or bind_threads is on and no dialect told. All name the
//          peer.
absl::StatusOr<Client> Connect(const std::string& host, int port, ClientOptions options = {});
// The same over TLS, to RPyC's SSLAuthenticator or a server of ours with TLS. As with RPyC's
// ssl_connect any server is believed, unless tls.ca_certs or tls.verify is given, and its name is
// not checked, unless tls.check_hostname is: see rpyc/transport/tls_options.h.
// Errors:  as Connect; kInvalidArgument also - what is wrong with which file; kUnauthenticated -
// the
//          handshake failed, by whose certificate. A server that does not believe this client's may
//          say so only when the client has begun to speak: kUnavailable then.
absl::StatusOr<Client> ConnectTls(const std::string& host, int port,
                                  const TlsClientOptions& tls = {}, ClientOptions options = {});
// As Connect, over a unix socket.
absl::StatusOr<Client> ConnectUnix(const std::string& path, ClientOptions options = {});
// Over a stream that is there already; `peer` is what to call its other end. The stream cannot be
// connected a second time, so a peer of RPyC 4 or 5 needs options.config.dialect.
// Errors:  as Connect; kFailedPrecondition also - the dialect must be told.
absl::StatusOr<Client> ConnectStream(std::unique_ptr<Stream> stream, ClientOptions options = {},
                                     std::string peer = "stream");

}  // namespace rpyc

#endif  // CLIENT_CLIENT_H_
