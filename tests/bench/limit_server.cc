// limit_server shows the limit that the host is measured against. It prints "listening on PORT" and
// serves until it is killed, either bare bytes (--raw=A:B) or canned RPyC, with a thread or a
// process for each connection or with one thread and epoll for all.

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rpyc/transport/fd.h"
#include "tests/bench/canned_rpyc.h"
#include "tests/bench/line.h"
#include "tests/bench/loopback.h"

namespace rpyc::bench {
namespace {

struct Options {
  size_t raw_in = 0;  // 0: canned RPyC
  size_t raw_out = 0;
  bool epoll = false;
  bool fork = false;
  SSL_CTX* tls = nullptr;
};

Line MakeLine(Fd fd, const Options& options) {
  return options.tls != nullptr ? Line(std::move(fd), options.tls, true) : Line(std::move(fd));
}

// Sends `out` bytes after every `in` bytes received.
class RawExchange {
 public:
  explicit RawExchange(const Options& options)
      : in_(options.raw_in), answer_(options.raw_out, 'y') {
    if (in_ > 0) input_.resize(std::max(in_, size_t{64} << 10));
  }
  // It touches as much memory as a server that keeps a whole message.
  absl::Span<char> PrepareRead() { return absl::MakeSpan(input_).subspan(received_bytes_); }
  void Commit(size_t bytes, std::string* out) {
    received_bytes_ += bytes;
    for (; received_bytes_ >= in_; received_bytes_ -= in_) out->append(answer_);
  }

 private:
  const size_t in_;
  const std::string answer_;
  std::vector<char> input_;
  size_t received_bytes_ = 0;  // of the current exchange
};

// Serves one connection.
class Session {
 public:
  Session(Fd fd, const Options& options)
      : line_(MakeLine(std::move(fd), options)), is_raw_(options.raw_in > 0), raw_(options) {}

  int fd() const { return line_.fd().get(); }
  bool has_output() const { return sent_bytes_ < out_.size(); }

  // Reads once and appends the answers to what came. It returns false when the peer is gone.
  bool Receive() {
    const absl::Span<char> space = is_raw_ ? raw_.PrepareRead() : canned_.PrepareRead();
    const ssize_t bytes = line_.Receive(space.data(), space.size());
    is_drained_ = bytes <= 0;
    if (bytes <= 0) return bytes < 0 && (errno == EINTR || errno == EAGAIN);
    if (is_raw_) {
      raw_.Commit(static_cast<size_t>(bytes), &out_);
    } else {
      canned_.Commit(static_cast<size_t>(bytes), &out_);
    }
    return !canned_.closed();
  }
  // Returns whether another read finds what epoll does not see.
  bool has_input() const { return !is_drained_ && line_.has_input(); }
  // Sends as much as the socket takes. It returns false when the peer is gone.
  bool Send() {
    while (has_output()) {
      const ssize_t bytes = line_.Send({out_.data() + sent_bytes_, out_.size() - sent_bytes_});
      if (bytes < 0 && errno == EAGAIN) return true;
      if (bytes < 0 && errno != EINTR) return false;
      if (bytes > 0) sent_bytes_ += static_cast<size_t>(bytes);
    }
    out_.clear();
    sent_bytes_ = 0;
    return true;
  }

 private:
  Line line_;
  const bool is_raw_;
  RawExchange raw_;
  CannedRpyc canned_;
  std::string out_;
  size_t sent_bytes_ = 0;  // of out_
  bool is_drained_ = true;
};

void ServeOnThreads(const Fd& listener, const Options& options) {
  for (;;) {
    absl::StatusOr<Fd> fd = AcceptFrom(listener);
    if (!fd.ok()) continue;
    std::thread([session = std::make_unique<Session>(*std::move(fd), options)] {
      while (session->Receive() && session->Send()) {
      }
    }).detach();
  }
}

void ServeInProcesses(const Fd& listener, const Options& options) {
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps the children
  for (;;) {
    absl::StatusOr<Fd> fd = AcceptFrom(listener);
    if (!fd.ok() || ::fork() != 0) continue;
    Session session(*std::move(fd), options);
    while (session.Receive() && session.Send()) {
    }
    ::_exit(0);
  }
}

void Watch(int epoll, int operation, int fd, uint32_t events, Session* session) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = session;
  ::epoll_ctl(epoll, operation, fd, &event);
}

// Accepts some of the connections that wait, so that the open ones are served in between.
void AcceptSome(int epoll, const Fd& listener, const Options& options) {
  for (int i = 0; i < 64; ++i) {
    absl::StatusOr<Fd> fd = AcceptFrom(listener);
    if (!fd.ok()) return;
    SetBlocking(*fd, false);
    auto session = std::make_unique<Session>(*std::move(fd), options);
    Watch(epoll, EPOLL_CTL_ADD, session->fd(), EPOLLIN, session.get());
    static_cast<void>(session.release());  // epoll now holds the pointer
  }
}

void ServeByEpoll(const Fd& listener, const Options& options) {
  const Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  SetBlocking(listener, false);
  Watch(epoll.get(), EPOLL_CTL_ADD, listener.get(), EPOLLIN, nullptr);
  std::array<epoll_event, 512> events;
  for (;;) {
    const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        AcceptSome(epoll.get(), listener, options);
        continue;
      }
      std::unique_ptr<Session> session(static_cast<Session*>(events[i].data.ptr));
      const bool waited = session->has_output();
      bool ok = session->Receive();
      while (ok && session->has_input()) ok = session->Receive();
      if (!ok || !session->Send()) continue;
      if (session->has_output() != waited) {
        Watch(epoll.get(), EPOLL_CTL_MOD, session->fd(), waited ? EPOLLIN : EPOLLIN | EPOLLOUT,
              session.get());
      }
      static_cast<void>(session.release());
    }
  }
}

int Main(int argc, char** argv) {
  Options options;
  std::string raw, keyfile, certfile;
  CLI::App app("Serves bare bytes or canned RPyC on loopback: the limit of any RPyC server.");
  app.add_option("--raw", raw, "A:B - after every A bytes received send B, without RPyC.");
  app.add_flag("--epoll", options.epoll, "One thread for all connections instead of one each.");
  app.add_flag("--fork", options.fork, "A process for each connection instead of a thread.");
  app.add_option("--keyfile", keyfile, "With --certfile: over TLS. PEM files.");
  app.add_option("--certfile", certfile);
  CLI11_PARSE(app, argc, argv);
  if (!raw.empty() &&
      (std::sscanf(raw.c_str(), "%zu:%zu", &options.raw_in, &options.raw_out) != 2 ||
       options.raw_in == 0)) {
    std::fprintf(stderr, "limit_server: --raw=%s: expected A:B\n", raw.c_str());
    return 2;
  }
  TlsContext tls;
  if (!certfile.empty()) {
    absl::StatusOr<TlsContext> made = MakeServerTls(keyfile, certfile);
    if (!made.ok()) {
      std::fprintf(stderr, "limit_server: %s\n", made.status().ToString().c_str());
      return 2;
    }
    tls = *std::move(made);
    options.tls = tls.get();
  }
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  RaiseDescriptorLimit();
  absl::StatusOr<Listening> listening = ListenOnLoopback();
  if (!listening.ok()) {
    std::fprintf(stderr, "limit_server: %s\n", listening.status().ToString().c_str());
    return 1;
  }
  std::printf("listening on %d\n", listening->port);
  std::fflush(stdout);
  if (options.epoll) {
    ServeByEpoll(listening->fd, options);
  } else if (options.fork) {
    ServeInProcesses(listening->fd, options);
  } else {
    ServeOnThreads(listening->fd, options);
  }
  return 0;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
