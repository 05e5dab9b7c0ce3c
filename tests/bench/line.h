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

// TLS 1.3 at the server's end, with what a fast server would choose: no session tickets, one
// context for all connections, many records by one read.
absl::StatusOr<TlsContext> MakeServerTls(const std::string& keyfile, const std::string& certfile);
// The client's end; believes any server.
absl::StatusOr<TlsContext> MakeClientTls();

// A connected socket, with TLS or without: the least that either costs. Move-only. Threads: one.
class Line {
 public:
  explicit Line(Fd fd) : fd_(std::move(fd)) {}
  // With TLS of `context`, which outlives it; the handshake is done by the first Send or Receive.
  Line(Fd fd, SSL_CTX* context, bool is_server);

  const Fd& fd() const { return fd_; }
  // As send(2) and recv(2): bytes, 0 at the end, or -1 with errno EAGAIN where the socket is not
  // blocking and there is nothing to do.
  ssize_t Send(absl::string_view data);
  ssize_t Receive(char* into, size_t bytes);
  // Whether Receive has something that epoll does not see.
  bool has_input() const { return tls_ != nullptr && SSL_has_pending(tls_.get()) != 0; }

  // All of it, on a blocking socket; false if it broke.
  bool SendAll(absl::string_view data);
  bool ReceiveAll(char* into, size_t bytes);

  // Ends with a reset, so that thousands of short connections do not use up the ports.
  static void CloseByReset(Line line);

 private:
  // What an operation of TLS came to, as send(2) and recv(2) say it.
  ssize_t Result(int result) const;

  Fd fd_;
  std::unique_ptr<SSL, FreeTls> tls_;  // null: none
};

}  // namespace rpyc::bench

#endif  // RPYC_TESTS_BENCH_LINE_H_
