#ifndef RPYC_SERVER_TESTING_CALLER_H_
#define RPYC_SERVER_TESTING_CALLER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/testing/peer.h"
#include "rpyc/transport/socket.h"
#include "rpyc/value.h"
#include "server/server.h"

namespace rpyc {

// A client of a running server, for tests. It uses a real socket and makes one request at a time.
// Errors:  kUnavailable - the server ended the connection.
class Caller {
 public:
  explicit Caller(const ServerSnapshot& server);

  absl::StatusOr<Value> Ping(Value data);
  // Calls a function of the root.
  absl::StatusOr<Value> Call(absl::string_view name, std::vector<Value> args = {});

  // The two halves of a call.
  void Send(absl::string_view name, std::vector<Value> args = {});
  absl::StatusOr<Value> Receive();

  void SendRaw(absl::string_view bytes);
  // Waits for the server to end the connection; false if it sends something instead.
  bool Ended();

 private:
  absl::StatusOr<PeerMessage> ReceiveMessage();

  const Peer peer_{Dialect::kV6};
  SocketStream stream_;
  std::string received_;
};

}  // namespace rpyc

#endif  // RPYC_SERVER_TESTING_CALLER_H_
