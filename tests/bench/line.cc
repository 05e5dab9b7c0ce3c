#include "tests/bench/line.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/loopback.h"

namespace rpyc::bench {
namespace {

absl::Status Failed(absl::string_view doing) {
  char reason[256];
  ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
  return absl::InvalidArgumentError(absl::StrCat(doing, ": ", reason));
}

// Releases the buffers of idle connections, and reads at once as much as has come.
void MakeFast(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
}

int AtMostInt(size_t bytes) {
  return static_cast<int>(std::min<size_t>(bytes, std::numeric_limits<int>::max()));
}

}  // namespace

absl::StatusOr<TlsContext> MakeServerTls(const std::string& keyfile, const std::string& certfile) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return Failed("SSL_CTX_new");
  if (SSL_CTX_use_certificate_chain_file(context.get(), certfile.c_str()) != 1) {
    return Failed(certfile);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), keyfile.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Failed(keyfile);
  }
  SSL_CTX_set_num_tickets(context.get(), 0);
  MakeFast(context.get());
  return context;
}

absl::StatusOr<TlsContext> MakeClientTls() {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Failed("SSL_CTX_new");
  MakeFast(context.get());
  return context;
}

Line::Line(Fd fd, SSL_CTX* context, bool is_server) : fd_(std::move(fd)), tls_(SSL_new(context)) {
  SSL_set_fd(tls_.get(), fd_.get());
  if (is_server) {
    SSL_set_accept_state(tls_.get());
  } else {
    SSL_set_connect_state(tls_.get());
  }
}

ssize_t Line::Result(int result) const {
  if (result > 0) return result;
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
  return -1;
}

ssize_t Line::Send(absl::string_view data) {
  if (tls_ == nullptr) return ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  ERR_clear_error();
  return Result(SSL_write(tls_.get(), data.data(), AtMostInt(data.size())));
}

ssize_t Line::Receive(char* into, size_t bytes) {
  if (tls_ == nullptr) return ::recv(fd_.get(), into, bytes, 0);
  ERR_clear_error();
  return Result(SSL_read(tls_.get(), into, AtMostInt(bytes)));
}

bool Line::SendAll(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = Send(data);
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Line::ReceiveAll(char* into, size_t bytes) {
  while (bytes > 0) {
    const ssize_t received = Receive(into, bytes);
    if (received == 0 || (received < 0 && errno != EINTR)) return false;
    if (received > 0) {
      into += received;
      bytes -= static_cast<size_t>(received);
    }
  }
  return true;
}

void Line::CloseByReset(Line line) { bench::CloseByReset(std::move(line.fd_)); }

}  // namespace rpyc::bench
