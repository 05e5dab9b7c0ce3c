#ifndef RPYC_TESTS_BENCH_LINE_H_
#define RPYC_TESTS_BENCH_LINE_H_

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpyc/transport/fd.h"

namespace rpyc::bench {

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

// Makes the context for TLS 1.3 at the server's end, with what a fast server would choose: no
// session tickets, one context for all connections, many records by one read.
absl::StatusOr<TlsContext> MakeServerTls(const std::string& keyfile, const std::string& certfile);
// Makes the context for the client's end, which trusts any server.
absl::StatusOr<TlsContext> MakeClientTls();

// This is a connected socket, with TLS or without, at the least cost that either has. It can be
// moved, not copied.
// Threads: one.
class Line {
 public:
  explicit Line(Fd fd) : fd_(std::move(fd)) {}
  // Uses TLS of `context`, which must outlive the line. The first Send or Receive does the
  // handshake.
  Line(Fd fd, SSL_CTX* context, bool is_server);

  const Fd& fd() const { return fd_; }
  // These return what send(2) and recv(2) do: the bytes, 0 at the end, or -1 with errno EAGAIN
  // where the socket is not blocking and there is nothing to do.
  ssize_t Send(absl::string_view data);
  ssize_t Receive(char* into, size_t bytes);
  // Returns whether Receive has something that epoll does not see.
  bool has_input() const { return tls_ != nullptr && SSL_has_pending(tls_.get()) != 0; }

  // These transfer all of it on a blocking socket; they return false if it broke.
  bool SendAll(absl::string_view data);
  bool ReceiveAll(char* into, size_t bytes);

  // Ends with a reset, so that thousands of short connections do not use up the ports.
  static void CloseByReset(Line line);

 private:
  // Converts the result of a TLS operation to that of send(2) and recv(2).
  ssize_t Result(int result) const;

  Fd fd_;
  std::unique_ptr<SSL, FreeTls> tls_;  // null without TLS
};

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LINE_H_
