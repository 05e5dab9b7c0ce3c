// client_load: the C++ client as a program uses it, root["add"](1, 2) again and again on one
// connection. Prints one JSON object of figures, as load does; the raw client it is compared with
// is `load --blocking --operation=root.add`, which exchanges the same bytes.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "absl/status/statusor.h"
#include "client/bg_serving_thread.h"
#include "client/client.h"
#include "rpyc/netref.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/load_connection.h"
#include "tests/bench/process_usage.h"

namespace rpyc::bench {
namespace {

struct Options {
  int port = 0;
  int server_pid = 0;
  int dialect = 6;
  int64_t calls = 0;  // 0: for `seconds`
  double seconds = 1;
  double warmup_seconds = 0.25;
  bool background = false;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options) {}

  // Whether every call was answered rightly.
  bool Run(Client& client) {
    Netref root = client.root();
    auto add = root.Function<int(int, int)>("add");
    if (options_.calls > 0) return CallOften(options_.calls, add);
    if (!CallUntil(NowNanoseconds() + Nanoseconds(options_.warmup_seconds), add)) return false;
    histogram_ = LatencyHistogram();
    const double server_cpu = CpuSeconds(options_.server_pid);
    const double own_cpu = CpuSeconds(::getpid());
    const uint64_t begin = NowNanoseconds();
    if (!CallUntil(begin + Nanoseconds(options_.seconds), add)) return false;
    const double seconds = static_cast<double>(NowNanoseconds() - begin) / 1e9;
    const auto calls = static_cast<double>(histogram_.count());
    std::printf(
        "{\"calls_per_s\": %.6g, \"server_cpu_us\": %.6g, \"client_cpu_us\": %.6g, "
        "\"p50_us\": %.6g, \"p99_us\": %.6g, \"p999_us\": %.6g, \"max_us\": %.6g, \"errors\": 0}\n",
        calls / seconds, (CpuSeconds(options_.server_pid) - server_cpu) * 1e6 / calls,
        (CpuSeconds(::getpid()) - own_cpu) * 1e6 / calls, histogram_.Quantile(0.5) / 1e3,
        histogram_.Quantile(0.99) / 1e3, histogram_.Quantile(0.999) / 1e3,
        static_cast<double>(histogram_.max()) / 1e3);
    return true;
  }

 private:
  static uint64_t Nanoseconds(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

  template <typename Add>
  bool CallUntil(uint64_t end, Add& add) {
    for (uint64_t now = NowNanoseconds(); now < end;) {
      if (add(1, 2) != 3) return false;
      const uint64_t then = now;
      now = NowNanoseconds();
      histogram_.Add(now - then);
    }
    return true;
  }

  template <typename Add>
  bool CallOften(int64_t calls, Add& add) {
    for (int64_t i = 0; i < calls; ++i) {
      if (add(1, 2) != 3) return false;
    }
    return true;
  }

  const Options& options_;
  LatencyHistogram histogram_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("The C++ client asks an RPyC server one question many times.");
  app.add_option("--port", options.port, "Where the server listens on 127.0.0.1.")->required();
  app.add_option("--server_pid", options.server_pid, "Whose CPU time to look at.");
  app.add_option("--dialect", options.dialect, "Of RPyC: 5 or 6.")->check(CLI::IsMember({5, 6}));
  app.add_option("--calls", options.calls, "Make so many and measure nothing.");
  app.add_option("--seconds", options.seconds);
  app.add_option("--warmup_seconds", options.warmup_seconds);
  app.add_flag("--background", options.background, "Serve by a thread of its own.");
  CLI11_PARSE(app, argc, argv);
  ClientOptions client_options;
  client_options.config.dialect = options.dialect;
  absl::StatusOr<Client> client = Connect("127.0.0.1", options.port, client_options);
  if (!client.ok()) {
    std::fprintf(stderr, "client_load: %s\n", client.status().ToString().c_str());
    return 1;
  }
  std::optional<BgServingThread> background;
  if (options.background) background.emplace(*client);
  if (Load(options).Run(*client)) return 0;
  std::fprintf(stderr, "client_load: the server answered wrongly\n");
  return 3;
}

}  // namespace
}  // namespace rpyc::bench

int main(int argc, char** argv) { return rpyc::bench::Main(argc, argv); }
