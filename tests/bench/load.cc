// load: a load generator that speaks just enough RPyC to ask one question many times. Prints one
// JSON object of figures. Three ways: calls on open connections (the default), connections that are
// opened for one call (--churn), connections that idle (--hold).

#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/line.h"
#include "tests/bench/load_connection.h"
#include "tests/bench/load_request.h"
#include "tests/bench/loopback.h"
#include "tests/bench/process_usage.h"

namespace rpyc::bench {
namespace {

struct Options {
  int port = 0;
  int server_pid = 0;
  int connections = 1;
  int depth = 1;
  double seconds = 1;
  double warmup_seconds = 0.25;
  bool blocking = false;
  bool churn = false;
  bool hold = false;
  int idle = 0;
  bool tls = false;
  Work work;
};

using Figures = std::vector<std::pair<std::string, double>>;

void Print(const Figures& figures) {
  std::printf("{%s}\n", absl::StrJoin(figures, ", ", [](std::string* out, const auto& figure) {
                          absl::StrAppendFormat(out, "\"%s\": %.6g", figure.first, figure.second);
                        }).c_str());
}

absl::StatusOr<Line> ConnectLine(const Options& options) {
  // One context for all, which goes with the process.
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

// That many connections, each of which has made a call.
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

void AddLatencies(const LatencyHistogram& histogram, Figures* figures) {
  figures->emplace_back("p50_us", histogram.Quantile(0.5) / 1e3);
  figures->emplace_back("p99_us", histogram.Quantile(0.99) / 1e3);
  figures->emplace_back("p999_us", histogram.Quantile(0.999) / 1e3);
  figures->emplace_back("max_us", static_cast<double>(histogram.max()) / 1e3);
}

// What is measured: begins after the warm-up, ends when the time is over.
class Measurement {
 public:
  explicit Measurement(const Options& options)
      : options_(options),
        begin_(NowNanoseconds() + static_cast<uint64_t>(options.warmup_seconds * 1e9)) {}

  // Where latencies go now; null during the warm-up.
  LatencyHistogram* histogram() { return running_ ? &histogram_ : nullptr; }

  // False once the time is over.
  bool GoesOn() {
    const uint64_t now = NowNanoseconds();
    if (!running_ && now >= begin_) {
      running_ = true;
      begin_ = now;
      server_cpu_ = CpuSeconds(options_.server_pid);
      own_cpu_ = CpuSeconds(::getpid());
    }
    return !running_ || now < begin_ + static_cast<uint64_t>(options_.seconds * 1e9);
  }

  Figures Finish(uint64_t errors) {
    const double seconds = static_cast<double>(NowNanoseconds() - begin_) / 1e9;
    const double server_cpu = CpuSeconds(options_.server_pid) - server_cpu_;
    const double own_cpu = CpuSeconds(::getpid()) - own_cpu_;
    const auto calls = static_cast<double>(histogram_.count());
    Figures figures = {
        {"calls_per_s", calls / seconds},
        {"mb_per_s", calls * static_cast<double>(options_.work.bulk_bytes()) / seconds / 1e6},
        {"server_cpu_us", server_cpu * 1e6 / std::max(calls, 1.0)},
        {"client_cpu_us", own_cpu * 1e6 / std::max(calls, 1.0)},
        {"calls", calls},
        {"errors", static_cast<double>(errors)}};
    AddLatencies(histogram_, &figures);
    return figures;
  }

 private:
  const Options& options_;
  LatencyHistogram histogram_;
  bool running_ = false;
  uint64_t begin_;
  double server_cpu_ = 0;
  double own_cpu_ = 0;
};

constexpr size_t kReadBytes = 1 << 20;

// One connection, and recv blocks: the purest ping-pong.
absl::Status CallBlocking(LoadConnection& connection, const Options& options,
                          Measurement* measurement) {
  std::vector<char> buffer(kReadBytes);
  while (measurement->GoesOn()) {
    connection.Owe(options.depth);
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

// Each connection keeps `depth` requests on their way.
absl::Status CallByEpoll(std::vector<LoadConnection>& connections, const Options& options,
                         Measurement* measurement) {
  const Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (LoadConnection& connection : connections) {
    SetBlocking(connection.line().fd(), false);
    connection.Owe(options.depth);
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
        connection.Owe(
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
  Measurement measurement(options);
  const absl::Status status = options.blocking
                                  ? CallBlocking(connections->front(), options, &measurement)
                                  : CallByEpoll(*connections, options, &measurement);
  if (!status.ok()) return status;
  uint64_t errors = 0;
  for (const LoadConnection& connection : *connections) errors += connection.errors();
  return measurement.Finish(errors);
}

// Connect, root, method, call, close: one after the other.
absl::StatusOr<Figures> Churn(const Options& options) {
  LatencyHistogram histogram;
  const double server_cpu = CpuSeconds(options.server_pid);
  const uint64_t begin = NowNanoseconds();
  const uint64_t end = begin + static_cast<uint64_t>(options.seconds * 1e9);
  uint64_t now = begin;
  while (now < end) {
    absl::StatusOr<Line> line = ConnectLine(options);
    if (!line.ok()) return line.status();
    const absl::Status prepared = Prepare(*line, options.work).status();
    if (!prepared.ok()) return prepared;
    Line::CloseByReset(*std::move(line));
    const uint64_t closed = NowNanoseconds();
    histogram.Add(closed - now);
    now = closed;
  }
  const auto count = static_cast<double>(histogram.count());
  Figures figures = {{"connections_per_s", count / (static_cast<double>(now - begin) / 1e9)},
                     {"server_cpu_us", (CpuSeconds(options.server_pid) - server_cpu) * 1e6 / count},
                     {"errors", 0}};
  AddLatencies(histogram, &figures);
  return figures;
}

// Whether each answers one call more; rightly, or it is counted as an error.
bool CallOnce(std::vector<LoadConnection>& connections) {
  std::vector<char> buffer(kReadBytes);
  for (LoadConnection& connection : connections) {
    connection.Owe(1);
    if (!connection.Send()) return false;
    while (connection.in_flight() > 0) {
      const ssize_t bytes = connection.line().Receive(buffer.data(), buffer.size());
      if (bytes <= 0) return false;
      connection.Take({buffer.data(), static_cast<size_t>(bytes)}, nullptr);
    }
  }
  return true;
}

// Connections that have made one call each and idle: what the server keeps for one, and that all
// are served when they call again.
absl::StatusOr<Figures> Hold(const Options& options) {
  // The first brings in what all share.
  absl::StatusOr<LoadConnection> first = Connect(options);
  if (!first.ok()) return first.status();
  const MemoryUse before = MemoryOf(options.server_pid);
  absl::StatusOr<std::vector<LoadConnection>> held = ConnectAll(options.connections, options);
  if (!held.ok()) return held.status();
  const MemoryUse after = MemoryOf(options.server_pid);
  if (!CallOnce(*held)) return absl::UnavailableError("the server is gone");
  uint64_t errors = 0;
  for (const LoadConnection& connection : *held) errors += connection.errors();
  return Figures{
      {"answered", static_cast<double>(held->size())},
      {"rss_kib", static_cast<double>(after.rss_kib - before.rss_kib) / options.connections},
      {"pss_kib", static_cast<double>(after.pss_kib - before.pss_kib) / options.connections},
      {"errors", static_cast<double>(errors)}};
}

void Declare(CLI::App& app, Options* options, std::string* operation, std::string* raw,
             int* dialect) {
  app.add_option("--port", options->port, "Where the server listens on 127.0.0.1.")->required();
  app.add_option("--server_pid", options->server_pid, "Whose CPU time and memory to look at.");
  app.add_option("--operation", *operation,
                 "What to call: add, root.add (without asking for the method), or echo.")
      ->check(CLI::IsMember({"add", "root.add", "echo"}));
  app.add_option("--dialect", *dialect, "Of RPyC: 5 or 6.")->check(CLI::IsMember({5, 6}));
  app.add_option("--echo_bytes", options->work.echo_bytes, "Size of what echo gets.");
  app.add_flag("--text", options->work.text, "Echo text instead of random bytes.");
  app.add_flag("--deflate", options->work.deflate, "Deflate long requests, as stock clients do.");
  app.add_option("--raw", *raw, "A:B - send A bytes for each B received, without RPyC.");
  app.add_option("--connections", options->connections)->check(CLI::PositiveNumber);
  app.add_option("--depth", options->depth, "Requests in flight on each.")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options->seconds);
  app.add_option("--warmup_seconds", options->warmup_seconds);
  app.add_flag("--blocking", options->blocking, "One connection, without epoll.");
  app.add_flag("--churn", options->churn, "Connect, root, method, call, close, again.");
  app.add_flag("--hold", options->hold,
               "Memory of connections that have made one call; then each makes another.");
  app.add_option("--idle", options->idle, "That many connections besides, which idle.");
  app.add_flag("--tls", options->tls, "Over TLS; any server is believed.");
}

int Fail(int exit_code, absl::string_view why) {
  std::fprintf(stderr, "load: %s\n", std::string(why).c_str());
  return exit_code;
}

int Main(int argc, char** argv) {
  Options options;
  std::string operation = "add", raw;
  int dialect = 6;
  CLI::App app("Asks an RPyC server one question many times.");
  Declare(app, &options, &operation, &raw, &dialect);
  CLI11_PARSE(app, argc, argv);
  Work& work = options.work;
  if (operation == "root.add") work.operation = Work::Operation::kRootAdd;
  if (operation == "echo") work.operation = Work::Operation::kEcho;
  if (dialect == 5) work.dialect = Dialect::kV5;
  if (!raw.empty()) {
    work.operation = Work::Operation::kRaw;
    if (std::sscanf(raw.c_str(), "%zu:%zu", &work.raw_out, &work.raw_in) != 2) {
      return Fail(2, absl::StrCat("--raw=", raw, ": expected A:B"));
    }
  }
  if (options.blocking && options.connections != 1) return Fail(2, "--blocking: one connection");

  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes as it does
  RaiseDescriptorLimit();
  const absl::StatusOr<Figures> figures = options.churn  ? Churn(options)
                                          : options.hold ? Hold(options)
                                                         : Call(options);
  if (!figures.ok()) return Fail(1, figures.status().message());
  Print(*figures);
  for (const auto& [name, figure] : *figures) {
    if (name == "errors" && figure > 0) return Fail(3, "the server answered wrongly");
  }
  return 0;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
