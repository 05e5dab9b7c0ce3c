// load generates load: it speaks just enough RPyC to ask one question many times, and prints one
// JSON object of figures. It makes calls on open connections (the default), opens a connection for
// each call (--churn), or holds connections that idle (--hold) or wait (--wait).

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpyc/transport/fd.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/line.h"
#include "tests/bench/load_connection.h"
#include "tests/bench/load_options.h"
#include "tests/bench/load_request.h"
#include "tests/bench/loopback.h"
#include "tests/bench/measurement.h"
#include "tests/bench/process_usage.h"

namespace rpyc::bench {
namespace {

struct Options : LoadOptions {
  int depth = 1;
  bool churn = false;
  bool wait = false;
  int idle = 0;
  bool tls = false;
  Work work;
};

absl::StatusOr<Line> ConnectLine(const Options& options) {
  // There is one context for all connections, which lives as long as the process.
  static SSL_CTX* const tls = options.tls ? MakeClientTls().value().release() : nullptr;
  absl::StatusOr<Fd> fd = ConnectToLoopback(options.port);
  if (!fd.ok()) return fd.status();
  return tls != nullptr ? Line(*std::move(fd), tls, false) : Line(*std::move(fd));
}

absl::StatusOr<LoadConnection> Connect(const Options& options) {
  absl::StatusOr<Line> line = ConnectLine(options);
  if (!line.ok()) return line.status();
  absl::StatusOr<Exchange> exchange = Prepare(*line, options.work);
  if (!exchange.ok()) return exchange.status();
  return LoadConnection(*std::move(line), *std::move(exchange), options.depth);
}

// Opens that many connections, each of which makes a call.
absl::StatusOr<std::vector<LoadConnection>> ConnectAll(int count, const Options& options) {
  std::vector<LoadConnection> connections;
  connections.reserve(count);
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<LoadConnection> connection = Connect(options);
    if (!connection.ok()) return connection.status();
    connections.push_back(*std::move(connection));
  }
  return connections;
}

uint64_t ErrorsOf(const std::vector<LoadConnection>& connections) {
  uint64_t errors = 0;
  for (const LoadConnection& connection : connections) errors += connection.errors();
  return errors;
}

constexpr size_t kReadBytes = 1 << 20;

// Calls on one connection, where recv blocks: this is the purest ping-pong.
absl::Status CallBlocking(LoadConnection& connection, const Options& options,
                          Measurement* measurement) {
  std::vector<char> buffer(kReadBytes);
  while (measurement->GoesOn()) {
    connection.QueueRequests(options.depth);
    if (!connection.Send()) return absl::UnavailableError("send: the server is gone");
    while (connection.in_flight() > 0) {
      const ssize_t bytes = connection.line().Receive(buffer.data(), buffer.size());
      if (bytes <= 0) return absl::UnavailableError("recv: the server is gone");
      connection.Take({buffer.data(), static_cast<size_t>(bytes)}, measurement->histogram());
    }
  }
  return absl::OkStatus();
}

void Watch(const Fd& epoll, int operation, LoadConnection& connection) {
  epoll_event event = {};
  event.events = connection.has_output() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll.get(), operation, connection.line().fd().get(), &event);
}

// Keeps `depth` requests on their way on each connection.
absl::Status CallByEpoll(std::vector<LoadConnection>& connections, const Options& options,
                         Measurement* measurement) {
  const Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (LoadConnection& connection : connections) {
    SetBlocking(connection.line().fd(), false);
    connection.QueueRequests(options.depth);
    if (!connection.Send()) return absl::UnavailableError("send: the server is gone");
    Watch(epoll, EPOLL_CTL_ADD, connection);
  }
  std::vector<char> buffer(kReadBytes);
  std::array<epoll_event, 256> events;
  while (measurement->GoesOn()) {
    const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), 200);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<LoadConnection*>(events[i].data.ptr);
      const bool waited = connection.has_output();
      do {
        const ssize_t bytes = connection.line().Receive(buffer.data(), buffer.size());
        if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) {
          return absl::UnavailableError("recv: the server is gone");
        }
        if (bytes < 0) break;
        connection.QueueRequests(
            connection.Take({buffer.data(), static_cast<size_t>(bytes)}, measurement->histogram()));
      } while (connection.line().has_input());
      if (!connection.Send()) return absl::UnavailableError("send: the server is gone");
      if (connection.has_output() != waited) Watch(epoll, EPOLL_CTL_MOD, connection);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Figures> Call(const Options& options) {
  absl::StatusOr<std::vector<LoadConnection>> idle = ConnectAll(options.idle, options);
  if (!idle.ok()) return idle.status();
  absl::StatusOr<std::vector<LoadConnection>> connections =
      ConnectAll(options.connections, options);
  if (!connections.ok()) return connections.status();
  Measurement measurement(options.measurement);
  absl::Status status = options.blocking ? CallBlocking(connections->front(), options, &measurement)
                                         : CallByEpoll(*connections, options, &measurement);
  if (!status.ok()) return status;
  return measurement.Finish(ErrorsOf(*connections), options.work.bulk_bytes());
}

// Connects, asks for the root and the method, calls and closes, again and again.
absl::StatusOr<Figures> Churn(const Options& options) {
  LatencyHistogram histogram;
  double server_cpu = CpuSeconds(options.measurement.server_pid);
  const uint64_t begin = NowNanoseconds();
  const uint64_t end = begin + static_cast<uint64_t>(options.measurement.seconds * 1e9);
  uint64_t now = begin;
  while (now < end) {
    absl::StatusOr<Line> line = ConnectLine(options);
    if (!line.ok()) return line.status();
    absl::Status prepared = Prepare(*line, options.work).status();
    if (!prepared.ok()) return prepared;
    Line::CloseByReset(*std::move(line));
    const uint64_t closed = NowNanoseconds();
    histogram.Add(closed - now);
    now = closed;
  }
  const auto count = static_cast<double>(histogram.count());
  server_cpu = CpuSeconds(options.measurement.server_pid) - server_cpu;
  Figures figures = {{"connections_per_s", count / (static_cast<double>(now - begin) / 1e9)},
                     {"server_cpu_us", server_cpu * 1e6 / count},
                     {"errors", 0}};
  AddLatencies(histogram, &figures);
  return figures;
}

// Returns whether a reply comes to every call; wrong replies are counted as errors.
bool TakeReplies(std::vector<LoadConnection>& connections) {
  std::vector<char> buffer(kReadBytes);
  for (LoadConnection& connection : connections) {
    while (connection.in_flight() > 0) {
      const ssize_t bytes = connection.line().Receive(buffer.data(), buffer.size());
      if (bytes <= 0) return false;
      connection.Take({buffer.data(), static_cast<size_t>(bytes)}, nullptr);
    }
  }
  return true;
}

// Holds connections that have made one call each and idle. It measures what the server keeps for
// one of them, and checks that all are served when they call again.
absl::StatusOr<Figures> Hold(const Options& options) {
  // The first connection brings in what all of them share.
  absl::StatusOr<LoadConnection> first = Connect(options);
  if (!first.ok()) return first.status();
  const MemoryUse before = MemoryOf(options.measurement.server_pid);
  absl::StatusOr<std::vector<LoadConnection>> held = ConnectAll(options.connections, options);
  if (!held.ok()) return held.status();
  const MemoryUse after = MemoryOf(options.measurement.server_pid);
  for (LoadConnection& connection : *held) {
    connection.QueueRequests(1);
    if (!connection.Send()) return absl::UnavailableError("send: the server is gone");
  }
  if (!TakeReplies(*held)) return absl::UnavailableError("recv: the server is gone");
  return FiguresOfHeld(before, after, options.connections, ErrorsOf(*held));
}

bool HasInput(LoadConnection& connection) {
  pollfd wanted = {.fd = connection.line().fd().get(), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

// If the server is too fast to be observed, the measurement is tried this often.
constexpr int kAttempts = 10;

// Holds connections that all wait for an answer at once, and measures what the server keeps for a
// call that waits.
absl::StatusOr<Figures> Wait(const Options& options) {
  absl::StatusOr<std::vector<LoadConnection>> connections =
      ConnectAll(options.connections, options);
  if (!connections.ok()) return connections.status();
  const MemoryUse before = MemoryOf(options.measurement.server_pid);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    for (LoadConnection& connection : *connections) {
      connection.QueueRequests(1);
      if (!connection.Send()) return absl::UnavailableError("send: the server is gone");
    }
    const MemoryUse during = MemoryOf(options.measurement.server_pid);
    // Only those that still wait count, or the figure would be too good.
    const auto answered = std::count_if(connections->begin(), connections->end(), &HasInput);
    const int waiting = options.connections - static_cast<int>(answered);
    if (!TakeReplies(*connections)) return absl::UnavailableError("recv: the server is gone");
    if (waiting > 0) return FiguresOfHeld(before, during, waiting, ErrorsOf(*connections));
  }
  return absl::DeadlineExceededError("all are answered before they can be looked at");
}

void Declare(CLI::App& app, Options* options, std::string* raw, int* dialect) {
  DeclareMeasurement(app, options);
  // root.add asks for no method first.
  DeclareWork(app, {"add", "root.add", "echo", "io_operation"}, options);
  app.add_option("--dialect", *dialect, "Of RPyC: 5 or 6.")->check(CLI::IsMember({5, 6}));
  app.add_flag("--text", options->work.text, "Echo text instead of random bytes.");
  app.add_flag("--deflate", options->work.deflate, "Deflate long requests, as stock clients do.");
  app.add_option("--raw", *raw, "A:B - send A bytes for each B received, without RPyC.");
  app.add_option("--depth", options->depth, "Requests in flight on each.")
      ->check(CLI::PositiveNumber);
  app.add_flag("--churn", options->churn, "Connect, root, method, call, close, again.");
  app.add_flag("--wait", options->wait, "Memory of connections that each wait for an answer.");
  app.add_option("--idle", options->idle, "That many connections besides, which idle.");
  app.add_flag("--tls", options->tls, "Over TLS; any server is believed.");
}

int Main(int argc, char** argv) {
  Options options;
  std::string raw;
  int dialect = 6;
  CLI::App app("Asks an RPyC server one question many times.");
  Declare(app, &options, &raw, &dialect);
  CLI11_PARSE(app, argc, argv);
  Work& work = options.work;
  if (options.operation == "root.add") work.operation = Work::Operation::kRootAdd;
  if (options.operation == "echo") work.operation = Work::Operation::kEcho;
  if (options.operation == "io_operation") work.operation = Work::Operation::kIoOperation;
  work.echo_bytes = options.echo_bytes;
  if (dialect == 5) work.dialect = Dialect::kV5;
  if (!raw.empty()) {
    work.operation = Work::Operation::kRaw;
    if (std::sscanf(raw.c_str(), "%zu:%zu", &work.raw_out, &work.raw_in) != 2) {
      std::fprintf(stderr, "load: --raw=%s: expected A:B\n", raw.c_str());
      return 2;
    }
  }

  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  RaiseDescriptorLimit();
  return Report("load", options.churn  ? Churn(options)
                        : options.hold ? Hold(options)
                        : options.wait ? Wait(options)
                                       : Call(options));
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
